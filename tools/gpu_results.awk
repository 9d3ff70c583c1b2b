# gpu_results.awk: prints the lines of a log that are JSON objects, joined by commas, for tools/gpu_check.sh. A line that only
# looks like one, or is longer than LONGEST, is left out, so that no program can spoil the results of the others.
BEGIN {
    LONGEST = 60000
    string = "\001"
    value = "\002"
    any = "[" string value "]"
    array = "\\[ *(" any "( *, *" any ")*)? *\\]"
    member = string " *: *" any
    object = "[{] *(" member "( *, *" member ")*)? *[}]"
}

# Strings and numbers become one character each, then arrays and objects from the inside; an object is then one character.
function is_json(line,    replaced) {
    if (length(line) > LONGEST || line ~ /[^ -~]/)
        return 0
    gsub(/"([^"\\]|\\["\\\/bfnrt]|\\u[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F])*"/, string, line)
    if (line ~ /["\\]/)
        return 0
    gsub(/true|false|null|-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/, value, line)
    do {
        replaced = gsub(array, value, line) + gsub(object, value, line)
    } while (replaced)
    return line == value
}

/^\{.*\}$/ && is_json($0) {
    printf "%s%s", separator, $0
    separator = ","
}
