/* decode.cc: from statements to instructions. Every word of an opcode is looked at: one that is not known makes the whole
 * instruction unknown, because a modifier that is passed over would be computed wrongly.
 */
#include "decoder.h"
#include <algorithm>
#include <cstdlib>

using namespace ptx;

bool decoder::control(void) {
    if (is("bra") || is("bra.uni")) {
        demand_operands(1, 1);
        i.what = flow::BRANCH;
        i.uniform = words.size() > 1;
        for (int scope = at->scope; scope >= 0; scope = s.parents[(size_t)scope]) {
            auto found = labels.find({scope, operands[0]});
            if (found == labels.end())
                continue;
            i.target = found->second;
            return true;
        }
        fail("no such label");
    }
    if (is("ret") || is("exit")) {
        i.what = flow::RETURN;
        return true;
    }
    if (is("trap"))
        i.run = trap;
    return i.run != nullptr;
}

/* Only the barrier of the whole block. */
bool decoder::barrier(void) {
    if (is("bar.warp.sync")) {
        demand_operands(1, 1);
        i.what = flow::MEMBERS;
        i.run = nothing;
        add_source(operands[0], 4);
        return true;
    }
    if (!is("bar.sync") && !is("barrier.sync") && !is("barrier.sync.aligned"))
        return false;
    if (operands != list{"0"})
        fail("only the barrier 0 of the whole block is supported");
    i.what = flow::BARRIER;
    return true;
}

/* ld.global.cs.v4.u32 {%r1, %r2, %r3, %r4}, [%rd1+16]. Cache hints change nothing. */
bool decoder::memory_access(void) {
    if (words[0] != "ld" && words[0] != "st")
        return false;
    static const std::map<std::string, space> spaces = {
        {"global", space::GLOBAL}, {"shared", space::SHARED}, {"local", space::LOCAL}, {"param", space::PARAM}};
    static const list hints = {"ca", "cg",       "cs",   "lu",      "cv",  "wb",  "wt",
                               "nc", "volatile", "weak", "relaxed", "cta", "gpu", "sys"};
    size_t elements = 1;
    type t = type_of_word(words.back());
    for (size_t n = 1; n + 1 < words.size(); n++) {
        auto found = spaces.find(words[n]);
        if (found != spaces.end())
            i.space = found->second;
        else if (words[n] == "v2" || words[n] == "v4")
            elements = (size_t)(words[n][1] - '0');
        else if (std::find(hints.begin(), hints.end(), words[n]) == hints.end())
            unknown();
    }
    demand_operands(2, 2);
    bool loads = words[0] == "ld";
    list vector = vector_of(operands[loads ? 0 : 1]);
    if (t == NO_TYPE || t == PRED || vector.size() != elements || (!loads && i.space == space::PARAM))
        unknown();
    i.element_bytes = (uint8_t)bytes_of(t);
    i.mode = is_signed(t);
    i.offset = add_address(operands[loads ? 1 : 0]);
    for (const std::string &name : vector) {
        if (loads)
            add_result(name, 0);
        else
            add_source(name, find_register(name) == NOWHERE ? bytes_of(t) : 0);
        int reg = loads ? i.to[i.results - 1] : i.from[i.sources - 1];
        if (reg != NOWHERE && width(reg) < bytes_of(t))
            fail("a register that is too small");
    }
    i.run = loads ? load : store;
    return true;
}

bool decoder::matrices(void) {
    if (words[0] == "ldmatrix") {
        demand_operands(2, 2);
        list to = vector_of(operands[0]);
        bool transposed = std::find(words.begin(), words.end(), "trans") != words.end();
        std::string name = "ldmatrix.sync.aligned.m8n8.x" + std::to_string(to.size()) + (transposed ? ".trans" : "");
        if ((to.size() != 1 && to.size() != 2 && to.size() != 4) ||
            (!is((name + ".shared.b16").c_str()) && !is((name + ".shared::cta.b16").c_str())))
            unknown();
        for (const std::string &reg : to)
            add_result(reg, 4);
        i.what = flow::ALIGNED;
        i.mode = transposed;
        i.offset = add_address(operands[1]);
        i.run = load_matrix;
        return true;
    }
    if (!is("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32"))
        return false;
    demand_operands(4, 4);
    static const size_t counts[4] = {4, 4, 2, 4};
    for (size_t n = 0; n < 4; n++) {
        list vector = vector_of(operands[n]);
        if (vector.size() != counts[n])
            fail("a vector of another length");
        for (const std::string &reg : vector) {
            if (n == 0)
                add_result(reg, 4);
            else
                add_source(reg, 4);
        }
    }
    i.what = flow::ALIGNED;
    i.run = multiply_matrices;
    return true;
}

bool decoder::asynchronous(void) {
    if (is("cp.async.commit_group")) {
        i.run = copy_commit;
        return true;
    }
    if (is("cp.async.wait_group") || is("cp.async.wait_all")) {
        i.mode = words.back() == "wait_all";
        i.offset = operands.empty() ? 0 : strtoll(operands[0].c_str(), nullptr, 0);
        i.run = copy_wait;
        return true;
    }
    if (is("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes") ||
        is("cp.async.bulk.shared::cta.global.mbarrier::complete_tx::bytes")) {
        demand_operands(4, 4);
        i.offset = add_address(operands[0]);
        i.offset2 = add_address(operands[1]);
        add_source(operands[2], 4);
        if (add_address(operands[3]) != 0)
            fail("an mbarrier with an offset is not supported");
        i.run = copy_bulk;
        return true;
    }
    if (words[0] != "cp")
        return false;
    bool level2 = is("cp.async.cg.shared.global") || is("cp.async.cg.shared::cta.global");
    if (!level2 && !is("cp.async.ca.shared.global") && !is("cp.async.ca.shared::cta.global"))
        unknown();
    demand_operands(3, 4);
    i.element_bytes = (uint8_t)atoi(operands[2].c_str());
    if (level2 ? i.element_bytes != 16 : i.element_bytes != 4 && i.element_bytes != 8 && i.element_bytes != 16)
        fail("no such size of a copy");
    i.offset = add_address(operands[0]);
    i.offset2 = add_address(operands[1]);
    add_source(operands.size() > 3 ? operands[3] : operands[2], 4);
    i.run = copy_async;
    return true;
}

bool decoder::mbarriers(void) {
    if (words[0] != "mbarrier")
        return false;
    list spaced = words; /* without the words that change nothing here */
    for (const char *word : {"shared", "shared::cta", "acquire", "release", "cta", "cluster"})
        spaced.erase(std::remove(spaced.begin(), spaced.end(), word), spaced.end());
    auto spells = [&](const char *opcode) { return spaced == split_at_dots(opcode); };
    bool parity = spells("mbarrier.test_wait.parity.b64") || spells("mbarrier.try_wait.parity.b64");
    if (spells("mbarrier.init.b64") || spells("mbarrier.expect_tx.relaxed.b64")) {
        demand_operands(2, 2);
        i.offset = add_address(operands[0]);
        add_source(operands[1], 4);
        i.run = words[1] == "init" ? mbarrier_init : mbarrier_expect;
    } else if (spells("mbarrier.inval.b64")) {
        demand_operands(1, 1);
        i.offset = add_address(operands[0]);
        i.run = mbarrier_inval;
    } else if (spells("mbarrier.arrive.b64") || spells("mbarrier.arrive.expect_tx.b64")) {
        i.mode = words[2] == "expect_tx";
        demand_operands(i.mode ? 3 : 2, 3);
        add_result(operands[0], 8);
        i.offset = add_address(operands[1]);
        if (operands.size() > 2)
            add_source(operands[2], 4);
        i.run = mbarrier_arrive;
    } else if (parity || spells("mbarrier.test_wait.b64") || spells("mbarrier.try_wait.b64")) {
        demand_operands(3, 3);
        i.mode = parity;
        if (find_register(operands[0]) == NOWHERE)
            fail("no predicate");
        i.to[i.results++] = predicate(operands[0]);
        i.offset = add_address(operands[1]);
        add_source(operands[2], parity ? 4 : 8);
        i.run = mbarrier_wait;
    } else {
        unknown();
    }
    return true;
}

bool decoder::lanes(void) {
    static const list modes = {"bfly", "idx", "up", "down"}, votes = {"all", "any", "uni", "ballot"},
                      sums = {"add", "min", "max", "and", "or", "xor"};
    auto number_in = [](const list &choices, const std::string &word) {
        return (size_t)(std::find(choices.begin(), choices.end(), word) - choices.begin());
    };
    if (is("activemask.b32")) {
        demand_operands(1, 1);
        add_result(operands[0], 4);
        i.run = active_mask;
        return true;
    }
    if (words.size() < 4 || words[1] != "sync")
        return false;
    i.what = flow::MEMBERS;
    if (words[0] == "shfl" && words.size() == 4 && words[3] == "b32") {
        demand_operands(5, 5);
        size_t bar = operands[0].find('|');
        add_result(trimmed(operands[0].substr(0, bar)), 4);
        i.to[i.results++] = bar == std::string::npos ? NOWHERE : predicate(trimmed(operands[0].substr(bar + 1)));
        for (size_t n = 1; n < 5; n++)
            add_source(operands[n], 4);
        i.mode = (uint8_t)number_in(modes, words[2]);
        i.run = i.mode < modes.size() ? shuffle : nullptr;
    } else if (words[0] == "vote" && words.size() == 4) {
        demand_operands(3, 3);
        i.mode = (uint8_t)number_in(votes, words[2]);
        if (words[2] == "ballot")
            add_result(operands[0], 4);
        else
            i.to[i.results++] = predicate(operands[0]);
        i.from[i.sources++] = predicate(operands[1]);
        add_source(operands[2], 4);
        i.run = i.mode < votes.size() ? vote : nullptr;
    } else if (words[0] == "redux" && words.size() == 4) {
        demand_operands(3, 3);
        add_result(operands[0], 4);
        add_source(operands[1], 4);
        add_source(operands[2], 4);
        bool is_known = words[3] == "s32" || words[3] == "u32" || words[3] == "b32";
        i.mode = (uint8_t)(number_in(sums, words[2]) | (words[3] == "s32" ? 16u : 0u));
        i.run = is_known && number_in(sums, words[2]) < sums.size() ? reduce : nullptr;
    }
    if (!i.run)
        unknown();
    return true;
}

/* mov.b64 %rd1, {%r1, %r2} and mov.b64 {%r1, %r2}, %rd1 */
bool decoder::packs(void) {
    if (words[0] != "mov" || words.size() != 2)
        return false;
    if (operands.size() == 2 && (operands[1] == "%globaltimer" || operands[1] == "%clock64")) {
        add_result(operands[0], 8);
        i.run = clock_ns;
        return true;
    }
    if (operands.size() != 2 || (operands[0][0] != '{' && operands[1][0] != '{'))
        return false;
    size_t bytes = bytes_of(type_of_word(words[1]));
    list to = vector_of(operands[0]), from = vector_of(operands[1]);
    for (const std::string &name : to)
        add_result(name, bytes / to.size());
    for (const std::string &name : from)
        add_source(name, bytes / from.size());
    i.element_bytes = (uint8_t)(bytes / (to.size() * from.size()));
    i.unwritten = unwritten::PASSED_ON;
    i.run = to.size() > 1 ? unpack : pack;
    return true;
}

/* Between the generic space and the others: shared and local memory have windows, global addresses are the same. */
bool decoder::addresses(void) {
    if (words[0] != "cvta")
        return false;
    bool to = words.size() > 1 && words[1] == "to";
    std::string of = words.size() == (to ? 4u : 3u) ? words[to ? 2 : 1] : "";
    if (words.back() != "u64" || (of != "global" && of != "shared" && of != "local"))
        unknown();
    demand_operands(2, 2);
    add_result(operands[0], 8);
    add_source(operands[1], 8);
    uint64_t window = of == "shared" ? (uint64_t)SHARED_WINDOW : of == "local" ? (uint64_t)LOCAL_WINDOW : 0;
    add_source(std::to_string(window), 8);
    i.run = arithmetic_handler({to ? "sub" : "add", "u64"});
    return true;
}

/* What changes nothing where one grid runs at a time, and one warp. griddepcontrol: a launch waits for the one before. */
bool decoder::empty_ones(void) {
    if (words[0] == "membar" || words[0] == "fence" || words[0] == "nanosleep" || is("griddepcontrol.wait") ||
        is("griddepcontrol.launch_dependents"))
        i.run = nothing;
    return i.run != nullptr;
}

/* The size of source n of an arithmetic instruction of type t. */
size_t decoder::source_bytes(size_t n, type t) const {
    const std::string &o = words[0];
    if (((o == "shl" || o == "shr") && n == 1) || (o == "bfe" && n > 0))
        return 4;
    return (o == "mad" && words[1] == "wide" && n == 2) ? 2 * bytes_of(t) : bytes_of(t);
}

void decoder::arithmetic(void) {
    type t = type_of_word(words.back());
    i.run = arithmetic_handler(words);
    if (!i.run || operands.size() < 2)
        unknown();
    i.unwritten = words[0] == "selp" ? unwritten::SELECTED : unwritten::PASSED_ON;
    bool wide = words.size() > 2 && words[1] == "wide";
    if (words[0] == "setp" || t == PRED) {
        if (find_register(operands[0]) == NOWHERE)
            fail("no predicate");
        i.to[i.results++] = predicate(operands[0]);
    } else {
        type to = words[0] == "cvt" ? type_of_word(words[words.size() - 2]) : t;
        add_result(operands[0], bytes_of(to) * (wide ? 2 : 1));
    }
    for (size_t n = 1; n < operands.size(); n++) {
        if (t == PRED || (words[0] == "selp" && n == 3))
            i.from[i.sources++] = predicate(operands[n]);
        else
            add_source(operands[n], source_bytes(n - 1, t));
    }
}

void decoder::take_guard(std::string &text) {
    if (text[0] != '@')
        return;
    size_t blank = text.find(' ');
    i.guard_negated = text[1] == '!';
    size_t begin = i.guard_negated ? 2 : 1;
    i.guard = find_register(text.substr(begin, blank - begin));
    if (i.guard == NOWHERE || k.registers[(size_t)i.guard] != PRED)
        fail("no predicate");
    text = trimmed(text.substr(blank));
}

void decoder::decode_one(void) {
    i = instruction();
    i.number = (int)k.code.size();
    i.line = at->line;
    i.text = at->text;
    std::string text = at->text;
    take_guard(text);
    size_t blank = text.find(' ');
    words = split_at_dots(text.substr(0, blank));
    operands = split_by_commas(blank == std::string::npos ? "" : text.substr(blank));
    if (!(control() || barrier() || memory_access() || matrices() || asynchronous() || mbarriers() || lanes() ||
          packs() || addresses() || empty_ones()))
        arithmetic();
    k.code.push_back(i);
}

void decoder::find_labels(void) {
    int count = 0;
    for (const statement &one : s.statements) {
        if (one.what == statement::LABEL)
            labels[{one.scope, one.text}] = count;
        count += one.what == statement::INSTRUCTION;
    }
}

kernel ptx::decode(const source &s) {
    decoder d(s);
    d.k.file = s.file;
    d.k.name = s.name;
    d.k.max_threads = s.max_threads;
    d.k.parameters = s.parameters;
    d.k.parameter_bytes = s.parameter_bytes;
    d.find_labels();
    for (const parameter &p : s.parameters)
        d.symbols[p.name] = p.offset;
    for (const statement &one : s.statements) {
        d.at = &one;
        if (one.what == statement::DECLARATION)
            d.declare();
    }
    if (!s.dynamic.empty())
        d.symbols[s.dynamic] = d.k.static_bytes = (d.k.static_bytes + 127) / 128 * 128;
    for (const statement &one : s.statements) {
        d.at = &one;
        if (one.what == statement::INSTRUCTION)
            d.decode_one();
    }
    return d.k;
}
