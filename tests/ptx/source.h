/* source.h: the text of a PTX file as kernels of statements. Nothing here knows an instruction.
 *
 * Source: PTX ISA 9.0, chapters 4 (syntax) and 5 (state spaces, types, variables).
 */
#ifndef PTX_SOURCE_H
#define PTX_SOURCE_H

#include <cstddef>
#include <string>
#include <vector>

namespace ptx {

/* One statement of a body, without its semicolon; a label keeps no colon. */
struct statement {
    enum sort { LABEL, DECLARATION, INSTRUCTION } what;
    int line;
    int scope; /* index in source::parents */
    std::string text;
};

struct parameter {
    std::string name;
    size_t offset, bytes;
};

/* A kernel (.entry) as it is written. */
struct source {
    std::string file;
    std::string name;    /* demangled, as the host writes it */
    std::string dynamic; /* name of the dynamic shared memory; empty: none is declared */
    unsigned max_threads = 1024;
    std::vector<parameter> parameters;
    size_t parameter_bytes = 0;
    std::vector<statement> statements;
    std::vector<int> parents; /* of each scope; scope 0 is the body, its parent -1 */
};

/* All kernels of a file. Ends the program if the file cannot be read or has something at top level that is not known. */
std::vector<source> read_source(const std::string &path);
/* The same of a text; `file` is for messages. */
std::vector<source> parse_source(const std::string &file, const std::string &text);

/* The parts of `text` between commas that are in no bracket or brace, without blanks at their ends. */
std::vector<std::string> split_by_commas(const std::string &text);
std::string trimmed(const std::string &text);

/* Prints "ptx: " and the sentence, and aborts. */
[[noreturn]] void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

} // namespace ptx

#endif
