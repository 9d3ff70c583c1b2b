/* source.cc: see source.h. A statement ends with a semicolon. A brace where a statement would begin opens a scope, as
 * inline assembly writes it; a brace elsewhere belongs to a vector of registers.
 */
#include "source.h"
#include <cctype>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cxxabi.h>
#include <fstream>
#include <sstream>

using namespace ptx;

void ptx::die(const char *format, ...) {
    va_list arguments;
    fflush(stdout);
    fprintf(stderr, "ptx: ");
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    abort();
}

std::string ptx::trimmed(const std::string &text) {
    size_t from = 0, to = text.size();
    while (from < to && isspace((unsigned char)text[from]))
        from++;
    while (to > from && isspace((unsigned char)text[to - 1]))
        to--;
    return text.substr(from, to - from);
}

std::vector<std::string> ptx::split_by_commas(const std::string &text) {
    std::vector<std::string> parts;
    std::string part;
    int depth = 0;
    for (char c : text) {
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        if (c == ',' && depth == 0) {
            parts.push_back(trimmed(part));
            part.clear();
        } else {
            part += c;
        }
    }
    part = trimmed(part);
    if (!part.empty() || !parts.empty())
        parts.push_back(part);
    return parts;
}

namespace {

std::string demangled(const std::string &name) {
    int status = 0;
    char *plain = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status);
    std::string result = plain ? plain : name;
    free(plain);
    return result;
}

std::string whole_file(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    if (!file)
        die("%s: cannot be read", path.c_str());
    text << file.rdbuf();
    return text.str();
}

/* Comments become blanks, so that lines keep their numbers. */
void blank_comments(std::string &text) {
    for (size_t at = 0; at + 1 < text.size(); at++) {
        if (text[at] != '/' || (text[at + 1] != '/' && text[at + 1] != '*'))
            continue;
        bool to_end_of_line = text[at + 1] == '/';
        size_t end = to_end_of_line ? text.find('\n', at) : text.find("*/", at);
        end = end == std::string::npos ? text.size() : to_end_of_line ? end : end + 2;
        for (; at < end; at++)
            if (text[at] != '\n')
                text[at] = ' ';
        at--;
    }
}

struct reader {
    const std::string &file;
    std::string text;
    size_t at = 0;
    int line = 1;
    std::string dynamic;
    std::vector<source> kernels;

    [[noreturn]] void fail(const std::string &what) const { die("%s:%d: %s", file.c_str(), line, what.c_str()); }
    void skip_blanks(void) {
        for (; at < text.size() && isspace((unsigned char)text[at]); at++)
            line += text[at] == '\n';
    }
    /* The text up to one of `ends`, which is taken as well. */
    std::string take_until(const char *ends) {
        size_t end = text.find_first_of(ends, at);
        if (end == std::string::npos)
            fail("the file ends in the middle");
        std::string taken = text.substr(at, end - at);
        for (; at <= end; at++)
            line += text[at] == '\n';
        return trimmed(taken);
    }
    std::string rest_of_line(void) {
        size_t end = text.find('\n', at);
        end = end == std::string::npos ? text.size() : end;
        std::string taken = text.substr(at, end - at);
        at = end;
        return trimmed(taken);
    }
    bool starts_with(const char *word) const { return text.compare(at, strlen(word), word) == 0; }

    void add_parameter(source &s, const std::string &declaration);
    void read_statement(source &s, int scope);
    void read_body(source &s);
    void read_entry(void);
    void read_shared(void);
    void read_all(void);
};

/* ".param .u64 NAME" or ".param .align 8 .b8 NAME[48]" */
void reader::add_parameter(source &s, const std::string &declaration) {
    std::stringstream words(declaration);
    std::string word, name;
    size_t align = 1, bytes = 0, count = 1;
    while (words >> word) {
        if (word == ".param")
            continue;
        if (word == ".align")
            words >> align;
        else if (word.size() > 2 && word[0] == '.' && isdigit((unsigned char)word[2]))
            bytes = strtoul(word.c_str() + 2, nullptr, 10) / 8;
        else if (word[0] != '.')
            name = word;
        else
            fail("unknown word \"" + word + "\" of a parameter");
    }
    size_t bracket = name.find('[');
    if (bracket != std::string::npos) {
        count = strtoul(name.c_str() + bracket + 1, nullptr, 10);
        name.resize(bracket);
    }
    if (name.empty() || bytes == 0)
        fail("cannot read the parameter \"" + declaration + "\"");
    align = align > bytes ? align : bytes;
    size_t offset = (s.parameter_bytes + align - 1) / align * align;
    s.parameters.push_back(parameter{name, offset, bytes * count});
    s.parameter_bytes = offset + bytes * count;
}

void reader::read_statement(source &s, int scope) {
    int first_line = line;
    size_t end = text.find_first_of(";:", at);
    /* "::" is part of an instruction's name. */
    while (end != std::string::npos && text[end] == ':' && text[end + 1] == ':')
        end = text.find_first_of(";:", end + 2);
    if (end == std::string::npos)
        fail("a statement without an end");
    std::string taken = trimmed(text.substr(at, end - at));
    bool is_label = text[end] == ':';
    for (; at <= end; at++)
        line += text[at] == '\n';
    for (char &c : taken)
        if (isspace((unsigned char)c))
            c = ' ';
    statement::sort what = is_label          ? statement::LABEL
                           : taken[0] == '.' ? statement::DECLARATION
                                             : statement::INSTRUCTION;
    s.statements.push_back(statement{what, first_line, scope, taken});
}

void reader::read_body(source &s) {
    std::vector<int> open{0};
    s.parents.push_back(-1);
    for (;;) {
        skip_blanks();
        if (at >= text.size())
            fail("a kernel without an end");
        if (text[at] == '{') {
            s.parents.push_back(open.back());
            open.push_back((int)s.parents.size() - 1);
            at++;
        } else if (text[at] == '}') {
            at++;
            open.pop_back();
            if (open.empty())
                return;
        } else if (starts_with(".loc ") || starts_with(".loc\t") || starts_with(".pragma")) {
            rest_of_line();
        } else {
            read_statement(s, open.back());
        }
    }
}

void reader::read_entry(void) {
    source s;
    s.file = file;
    s.dynamic = dynamic;
    take_until(" \t"); /* .entry */
    std::string name = take_until("(");
    s.name = demangled(name);
    for (const std::string &declaration : split_by_commas(take_until(")")))
        add_parameter(s, declaration);
    for (skip_blanks(); text[at] != '{'; skip_blanks()) {
        std::stringstream words(rest_of_line());
        std::string word;
        words >> word;
        if (word == ".maxntid")
            words >> s.max_threads;
        else if (word != ".minnctapersm" && word != ".reqntid")
            fail("unknown directive \"" + word + "\" of a kernel");
    }
    at++;
    read_body(s);
    kernels.push_back(s);
}

/* ".extern .shared .align 128 .b8 NAME[];" */
void reader::read_shared(void) {
    std::string declaration = take_until(";");
    size_t bracket = declaration.find("[]"), blank = declaration.rfind(' ');
    if (bracket == std::string::npos || declaration.find(".shared") == std::string::npos)
        fail("of external variables only dynamic shared memory is supported");
    dynamic = declaration.substr(blank + 1, bracket - blank - 1);
}

void reader::read_all(void) {
    for (skip_blanks(); at < text.size(); skip_blanks()) {
        if (starts_with(".version") || starts_with(".target") || starts_with(".address_size") || starts_with(".file"))
            rest_of_line();
        else if (starts_with(".visible"))
            at += strlen(".visible");
        else if (starts_with(".extern"))
            read_shared();
        else if (starts_with(".entry"))
            read_entry();
        else
            fail("at top level only kernels and dynamic shared memory are supported, not \"" + rest_of_line() + "\"");
    }
}

} // namespace

std::vector<source> ptx::parse_source(const std::string &file, const std::string &text) {
    reader r{file, text, 0, 1, "", {}};
    blank_comments(r.text);
    r.read_all();
    return r.kernels;
}

std::vector<source> ptx::read_source(const std::string &path) {
    return parse_source(path, whole_file(path));
}
