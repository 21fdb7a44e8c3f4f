// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The script with which a shell completes the command lines of a program. It asks the program for the candidates.
package enum CompletionScript: String, CaseIterable, Sendable {
    case bash, zsh, fish

    /// The word after the program's name that makes it print the candidates for the words that follow, one a line, with a
    /// tabulator between a word and its help. The single line `:files` stands for the names of files.
    package static let request = "complete-words"
    package static let files = ":files"

    /// Returns the script for a program.
    package func text(for program: String) -> String {
        let function = "_" + program.replacing("-", with: "_")
        switch self {
        case .bash:
            return """
                \(function)() {
                    local IFS=$'\\n' line
                    COMPREPLY=()
                    for line in $("${COMP_WORDS[0]}" \(Self.request) -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null); do
                        if [ "$line" = \(Self.files) ]; then
                            COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
                            return
                        fi
                        COMPREPLY+=("${line%%$'\\t'*}")
                    done
                }
                complete -F \(function) \(program)
                """
        case .zsh:
            return """
                #compdef \(program)
                \(function)() {
                    local -a lines
                    lines=("${(@f)$("${words[1]}" \(Self.request) -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
                    if [[ "${lines[1]}" = \(Self.files) ]]; then
                        _files
                    else
                        lines=("${(@)lines//:/\\:}")
                        lines=("${(@)lines/$'\\t'/:}")
                        _describe '\(program)' lines
                    fi
                }
                compdef \(function) \(program)
                """
        case .fish:
            return """
                function \(function)
                    set -l words (commandline -opc) (commandline -ct)
                    set -l lines ($words[1] \(Self.request) -- $words[2..] 2>/dev/null)
                    if test "$lines[1]" = \(Self.files)
                        __fish_complete_path (commandline -ct)
                    else
                        string join \\n -- $lines
                    end
                end
                complete -c \(program) -f -a '(\(function))'
                """
        }
    }
}

extension String {
    fileprivate func replacing(_ character: Character, with other: Character) -> String {
        String(self.map { $0 == character ? other : $0 })
    }
}
