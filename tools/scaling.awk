# scaling.awk: computes the tables of docs/cluster.md from the model that is described there. Nothing was measured on a GPU.
#
#     awk -v table=bytes|weak|strong|tokens|tree|zero [-v NAME=VALUE] -f tools/scaling.awk
#
# Times are in microseconds; 1 GB/s is 1,000 bytes a microsecond. Values that -v can replace, with their defaults:
#   nvlink  360     GB/s each way of one GPU: 450 nominal, 80 % of it
#   fabric  320     GB/s each way of one machine: 8 cards of 50, 80 % of it
#   wire    2.5     the same in the bad case: one card of 25 Gb/s, 80 % of it
#   base, hop, far  NCCL's own estimates for rings with the protocol "simple": for a call, and for a step within a machine and
#                   between machines (src/graph/tuning.cc); wire_far: the same over TCP, a guess
# A machine has 8 ranks. tests/cluster.sh compares the page with the output of this program.

function least(a, b) { return a < b ? a : b }
function most(a, b) { return a > b ? a : b }
function set(given, value) { return given == "" ? value : given + 0 }

# --- bytes: src/model/parameter_shards.c ----------------------------------------------------------------------------

# Elements of a segment: whole chunks of 2,048, the same number for each rank.
function padded(n,    unit) {
    unit = 2048 * ranks
    return unit * int((n + unit - 1) / unit)
}

# The buckets in the order of backward: count, gradient[k] and weight[k] in bytes, elements[k], ready[k] in twelfths of backward.
# CamemBERT-base, 60 labels, 6,000 used vocabulary rows.
function add(k, n, gradient_bytes, weight_bytes) {
    n = padded(n)
    elements[k] += n
    gradient[k] += n * gradient_bytes
    weight[k] += n * weight_bytes
    all_elements += n
    all_gradients += n * gradient_bytes
    all_weights += n * weight_bytes
}
function make_buckets(    k, layer) {
    split("", elements)
    split("", gradient)
    split("", weight)
    all_elements = all_gradients = all_weights = 0
    k = 1
    ready[k] = 0
    add(k, 589824 + 2048 + 47104 + 2048, 4, 4)
    if (elements[k] >= 1048576)
        k++ # the head fills a bucket of its own
    for (layer = 12; layer >= 1; layer--) {
        ready[k] = 13 - layer
        if (f32)
            add(k, 7077888 + 4096 + 16384, 4, 4)
        else {
            add(k, 7077888, 2, 2) # matrices
            add(k, 4096, 4, 2)    # biases of query, key and value
            add(k, 16384, 4, 4)   # the rest
        }
        k++
    }
    ready[k] = 12
    add(k, 4608000 + 395264 + 3 * 2048, 4, 4)
    count = k
}

# --- a collective of NCCL --------------------------------------------------------------------------------------------

function machines() { return ranks > 8 ? ranks / 8 : 1 }
function bandwidth() { return 1000 * (machines() > 1 ? least(nvlink, between) : nvlink) }

# Rounds of the ring: 2 for an all-reduce, 1 for a reduce-scatter or an all-gather.
function ring(bytes, rounds,    steps, outside) {
    steps = rounds * (ranks - 1)
    outside = machines() == 1 ? 0 : rounds == 2 ? 2 * machines() : machines() - 1
    return base + (steps - outside) * hop + outside * between_far + steps / ranks * bytes / bandwidth()
}
# An all-reduce by NCCL's trees: a chain within each machine, and a tree of the chains.
function tree(bytes,    levels, m) {
    for (m = 1; m < machines(); m *= 2)
        levels++
    return base + 2 * ((least(ranks, 8) - 1) * 4.0 + levels * between_far) + 2 * bytes / (0.92 * bandwidth())
}

# --- a step: docs/cuda-cost.md, "By operator", bf16 ------------------------------------------------------------------

# The regimes of that page, 32 short rows, 64 x 128 and 32 x 512: tokens, products, the rest of forward and of backward. norm and
# AdamW are the same for all.
function regimes() {
    tokens[1] = 375; products[1] = 240; forward_rest[1] = 30; backward_rest[1] = 48
    tokens[2] = 8192; products[2] = 4929; forward_rest[2] = 669; backward_rest[2] = 937
    tokens[3] = 16384; products[3] = 9846; forward_rest[3] = 1428; backward_rest[3] = 2241
    norm = 45; adamw = 552; trained = 90830848
    weights_alone = 124 # the products' time for reading and writing the weights only
}

# A step of regime r with t tokens on each rank. sharded: AdamW's state is sharded; trees: all-reduce by trees.
function step(r, t,    part, product, forward, backward, now, k, cost, update, sums, gathered) {
    part = t / tokens[r]
    product = most(products[r] * part, weights_alone)
    forward = product / 3 + forward_rest[r] * part
    backward = 2 * product / 3 + backward_rest[r] * part
    make_buckets()
    update = all_elements / trained
    if (ranks == 1)
        return forward + backward + (norm + adamw) * update
    now = 0
    for (k = 1; k <= count; k++) {
        cost = sharded ? ring(gradient[k], 1) : trees ? tree(gradient[k]) : ring(gradient[k], 2)
        now = most(now, forward + backward * ready[k] / 12) + cost
    }
    exposed = most(0, now - forward - backward)
    now = most(now, forward + backward)
    sums = 32 * ranks + (sharded ? all_elements / 2048 * 8 : 0)
    if (!sharded)
        return now + norm * update + ring(sums, 1) + adamw * update
    now += norm * update / ranks + ring(sums, 1)
    gathered = now
    for (k = count; k >= 1; k--) {
        now += adamw * elements[k] / trained / ranks
        gathered = most(gathered, now) + ring(weight[k], 1)
    }
    return gathered
}

function alone(r, t,    n, time) {
    n = ranks
    ranks = 1
    time = step(r, t)
    ranks = n
    return time
}
function percent(r, t) { return 100 * alone(r, t) / step(r, t) }

function over(kind) {
    between = kind == "wire" ? wire : fabric
    between_far = kind == "wire" ? wire_far : far
}

# The minimum number of tokens on each rank, in rows of 128, that keeps 90 %.
function tokens_for_90(    low, high) {
    for (high = 64; percent(2, high) < 90; high *= 2)
        if (high > 3e7)
            return 0
    for (low = high / 2; high - low > high / 200;)
        if (percent(2, (low + high) / 2) < 90)
            low = (low + high) / 2
        else
            high = (low + high) / 2
    return high
}
function rounded(n,    unit) { # to two digits
    for (unit = 1; n / unit >= 100; unit *= 10)
        ;
    return int(n / unit + 0.5) * unit
}
function with_rows(t) { return sprintf("%d | %d |", rounded(t), rounded(t / 128)) }

function table_bytes(    f32_gradients) {
    print "| GPUs | bf16: summed, MB | sent, MB | f32: summed, MB | sent, MB | bf16, sharded: sent, MB | AdamW runs over, M |"
    print "|---|---|---|---|---|---|---|"
    for (ranks = 1; ranks <= 1024; ranks *= 2) {
        f32 = 1
        make_buckets()
        f32_gradients = all_gradients
        f32 = 0
        make_buckets()
        printf "| %d | %.0f | %.0f | %.0f | %.0f | %.0f | %.1f |\n", ranks, all_gradients / 1e6, \
            2 * (ranks - 1) / ranks * all_gradients / 1e6, f32_gradients / 1e6, 2 * (ranks - 1) / ranks * f32_gradients / 1e6, \
            (ranks - 1) / ranks * (all_gradients + all_weights) / 1e6, all_elements / 1e6
    }
}

function table_weak(    r) {
    print "| GPUs | 32 short, ms | kept | 64 x 128, ms | kept | 32 x 512, ms | kept | 25 Gb/s: 32 short | 64 x 128 | 32 x 512 |"
    print "|---|---|---|---|---|---|---|---|---|---|"
    for (ranks = 1; ranks <= 1024; ranks *= 2) {
        printf "| %d |", ranks
        over("fabric")
        for (r = 1; r <= 3; r++)
            printf " %.2f | %.0f %% |", step(r, tokens[r]) / 1000, percent(r, tokens[r])
        over("wire")
        for (r = 1; r <= 3; r++)
            if (machines() > 1)
                printf " %.1f %% |", percent(r, tokens[r])
            else
                printf " |"
        print ""
    }
}

function table_strong(    time) {
    print "| GPUs | rows a GPU | step, ms | of it waiting for sums, ms | against one GPU | sharded, ms | against one GPU |"
    print "|---|---|---|---|---|---|---|"
    over("fabric")
    for (ranks = 1; ranks <= 32; ranks *= 2) {
        exposed = 0
        time = step(1, tokens[1] / ranks)
        printf "| %d | %d | %.2f | %.2f | %.2f |", ranks, 32 / ranks, time / 1000, exposed / 1000, alone(1, tokens[1]) / time
        sharded = 1
        time = step(1, tokens[1] / ranks)
        sharded = 0
        printf " %.2f | %.2f |\n", time / 1000, alone(1, tokens[1]) / time
    }
}

function table_tokens() {
    print "| GPUs | NVLink, NDR: tokens | rows | trees instead of rings: tokens | rows | NVLink, 25 Gb/s: tokens | rows |"
    print "|---|---|---|---|---|---|---|"
    for (ranks = 2; ranks <= 1024; ranks *= 2) {
        over("fabric")
        printf "| %d | %s", ranks, with_rows(tokens_for_90())
        if (machines() > 1) {
            trees = 1
            printf " %s", with_rows(tokens_for_90())
            trees = 0
            over("wire")
            print " " with_rows(tokens_for_90())
        } else
            print " | | | |"
    }
}

function table_tree(    r) {
    print "| GPUs | one sum of a layer, ms: ring | tree | 64 x 128: ring | tree | 32 x 512: ring | tree |"
    print "|---|---|---|---|---|---|---|"
    over("fabric")
    for (ranks = 16; ranks <= 1024; ranks *= 2) {
        make_buckets()
        printf "| %d | %.2f | %.2f |", ranks, ring(gradient[2], 2) / 1000, tree(gradient[2]) / 1000
        for (r = 2; r <= 3; r++) {
            printf " %.0f %% |", percent(r, tokens[r])
            trees = 1
            printf " %.0f %% |", percent(r, tokens[r])
            trees = 0
        }
        print ""
    }
}

function table_zero(    r) {
    print "| GPUs | 32 short, ms: whole | sharded | 64 x 128: whole | sharded | 32 x 512: whole | sharded |"
    print "|---|---|---|---|---|---|---|"
    over("fabric")
    for (ranks = 2; ranks <= 64; ranks *= 2) {
        printf "| %d |", ranks
        for (r = 1; r <= 3; r++) {
            printf " %.2f |", step(r, tokens[r]) / 1000
            sharded = 1
            printf " %.2f |", step(r, tokens[r]) / 1000
            sharded = 0
        }
        print ""
    }
}

BEGIN {
    nvlink = set(nvlink, 360)
    fabric = set(fabric, 320)
    wire = set(wire, 2.5)
    base = set(base, 8.4)
    hop = set(hop, 3.4)
    far = set(far, 14)
    wire_far = set(wire_far, 50)
    f32 = sharded = trees = 0
    regimes()
    if (table == "bytes")
        table_bytes()
    else if (table == "weak")
        table_weak()
    else if (table == "strong")
        table_strong()
    else if (table == "tokens")
        table_tokens()
    else if (table == "tree")
        table_tree()
    else if (table == "zero")
        table_zero()
    else {
        print "scaling.awk: -v table=bytes, weak, strong, tokens, tree or zero" >"/dev/stderr"
        exit 2
    }
}
