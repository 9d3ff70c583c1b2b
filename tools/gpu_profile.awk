# gpu_profile.awk: the kernels of one step, as ncu has measured them, beside what docs/cuda-cost.md has counted.
#
#     awk -v section='32 short commands, bf16' -f gpu_profile.awk cuda-cost.md FILE.csv
#
# FILE.csv is "ncu --csv --page raw --print-units base"; a row is a kernel. Prints a JSON object for each operator, then one for
# the whole step. Kernels that are not ours are the library's products: they, and the kernels that zero rows or sum columns for
# them, are "linear". Exit 1 if FILE.csv has no kernel.

# The fields of a line of CSV, quoted or not.
function split_csv(line,    n, quoted, field, at, c) {
    split("", fields)
    n = 1
    field = ""
    for (at = 1; at <= length(line); at++) {
        c = substr(line, at, 1)
        if (c == "\"")
            quoted = !quoted
        else if (c == "," && !quoted) {
            fields[n++] = field
            field = ""
        } else
            field = field c
    }
    fields[n] = field
    return n
}

function operator_of(kernel) {
    if (match(kernel, /(step_begin|step_end|embedding_fwd|embedding_bwd|attention_fwd|attention_bwd|residual_fwd|residual_bwd|gelu_fwd|gelu_bwd|loss|norm_partial|norm_final|adamw|head_tanh_fwd|head_tanh_bwd)/))
        return substr(kernel, RSTART, RLENGTH)
    if (kernel ~ /attention_(keys|queries)/)
        return "attention_bwd"
    if (kernel ~ /head_/)
        return "head"
    if (kernel ~ /columns_total|cast_runs|step_/)
        return "others of ours"
    return "linear"
}

# The counted row of an operator; those of linear and of the head are sums.
function counted_name(name) {
    if (name ~ /^linear_/)
        return "linear"
    if (name ~ /^head_/ && name !~ /^head_tanh/)
        return "head"
    return name
}

FNR == 1 { file++ }

file == 1 && /^### / { inside = $0 == "### " section }
file == 1 && inside && /^\| [a-z*]/ && $0 !~ /^\| operator / {
    split($0, cell, / *\| */)
    name = counted_name(cell[2])
    counted_launches[name] += cell[4]
    counted_mb[name] += cell[5] + cell[6]
    counted_us[name] += 1e3 * cell[8]
}

file == 2 && !columns {
    count = split_csv($0)
    for (i = 1; i <= count; i++) {
        if (fields[i] == "Kernel Name") columns = kernel_at = i
        if (fields[i] == "gpu__time_duration.sum") time_at = i
        if (fields[i] == "dram__bytes_read.sum") read_at = i
        if (fields[i] == "dram__bytes_write.sum") write_at = i
    }
    next
}
file == 2 {
    split_csv($0)
    if (fields[time_at] + 0 <= 0) next # the row of units
    name = operator_of(fields[kernel_at])
    if (!(name in launches)) order[++operators] = name
    launches[name]++
    ns[name] += fields[time_at]
    bytes[name] += fields[read_at] + fields[write_at]
    all_launches++
    all_ns += fields[time_at]
    all_bytes += fields[read_at] + fields[write_at]
}

function put(name, n, nanoseconds, b, counted) {
    printf "{\"operator\":\"%s\",\"launches\":%d,\"us\":%.2f,\"mb\":%.1f", name, n, nanoseconds / 1e3, b / 1e6
    if (counted in counted_us)
        printf ",\"counted_launches\":%d,\"counted_us\":%.1f,\"counted_mb\":%.1f", counted_launches[counted], counted_us[counted], counted_mb[counted]
    print "}"
}

END {
    for (i = 1; i <= operators; i++)
        put(order[i], launches[order[i]], ns[order[i]], bytes[order[i]], order[i])
    put("step", all_launches, all_ns, all_bytes, "**step**")
    exit all_launches == 0
}
