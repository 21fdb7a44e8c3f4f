# Sourced: the options that everything is built with here, so that nothing is compiled twice.
options=(--traits default,GSSAPI)
if [ "$(uname -s)" = Darwin ]; then
    # Homebrew keeps it apart from the system's.
    krb5=$(brew --prefix krb5)
    options+=(-Xcc "-I$krb5/include" -Xlinker "-L$krb5/lib")
fi
# SwiftPM names the traits in the order of a hash: in another order all is compiled again.
export SWIFT_DETERMINISTIC_HASHING=1
