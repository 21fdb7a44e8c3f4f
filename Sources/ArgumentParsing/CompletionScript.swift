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
            // Bash takes = and : for words of their own, and replaces only what follows them.
            return """
                \(function)() {
                    local IFS=$'\\n' rest=$COMP_LINE word line last=-1 prefix
                    local -a words
                    for word in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
                        if [ $last -lt 0 ] || [[ $rest = [[:space:]]* ]]; then last=$((last + 1)); fi
                        words[last]+=$word
                        rest=${rest#"${rest%%[![:space:]]*}"}
                        rest=${rest#"$word"}
                    done
                    local typed=${words[last]}
                    [[ $typed = --*=* ]] && typed=${typed#*=}
                    word=${COMP_WORDS[COMP_CWORD]}
                    [[ $word = [=:] ]] && word=
                    prefix=${typed%"$word"}
                    COMPREPLY=()
                    for line in $("${COMP_WORDS[0]}" \(Self.request) -- "${words[@]:1}" 2>/dev/null); do
                        if [ "$line" = \(Self.files) ]; then
                            COMPREPLY=($(compgen -f -- "$word"))
                            return
                        fi
                        line=${line%%$'\\t'*}
                        if [[ $line = "$typed"* ]]; then
                            printf -v line %q "${line#"$prefix"}"
                            COMPREPLY+=("$line")
                        fi
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
                    compset -P '--*='
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
                    set -l option (string match -r -- '^--[^=]*=' $words[-1])
                    if test "$lines[1]" = \(Self.files)
                        string join \\n -- "$option"(__fish_complete_path (string replace -- "$option" '' $words[-1]))
                    else
                        string join \\n -- "$option"$lines
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
