/* machine_code.c: see machine_code.h. Every offset in a file is checked against the file's end before it is used. */
#include "machine_code.h"
#include <elf.h>
#include <stdio.h>
#include <string.h>

typedef struct span {
    const unsigned char *at;
    size_t bytes;
} span;

/* `bytes` bytes from `offset` on; empty if they are not all inside `whole`. */
static span part(span whole, uint64_t offset, uint64_t bytes) {
    if (offset > whole.bytes || bytes > whole.bytes - offset)
        return (span){NULL, 0};
    return (span){whole.at + offset, (size_t)bytes};
}

static uint32_t word(span s, uint64_t offset) {
    uint32_t value = 0;
    span w = part(s, offset, sizeof value);
    if (w.at)
        memcpy(&value, w.at, sizeof value);
    return value;
}

/* --- one cubin ------------------------------------------------------------------------------------------------- */

typedef struct cubin {
    span file;
    Elf64_Ehdr header;
    span sections, names; /* section headers; their names */
    span symbols, symbol_names;
    span info; /* .nv.info: attributes that name their kernel by symbol */
} cubin;

static int section(const cubin *c, unsigned index, Elf64_Shdr *header) {
    span s = part(c->sections, (uint64_t)index * sizeof *header, sizeof *header);
    if (!s.at)
        return 0;
    memcpy(header, s.at, sizeof *header);
    return 1;
}

static span contents(const cubin *c, const Elf64_Shdr *header) {
    return header->sh_type == SHT_NOBITS ? (span){NULL, 0} : part(c->file, header->sh_offset, header->sh_size);
}

/* A string of a string table; "" if it does not end inside the table. */
static const char *text(span table, uint64_t offset) {
    if (offset >= table.bytes || !memchr(table.at + offset, 0, table.bytes - offset))
        return "";
    return (const char *)table.at + offset;
}

/* The section of this name. */
static int find_section(const cubin *c, const char *name, Elf64_Shdr *header) {
    for (unsigned i = 0; section(c, i, header); i++)
        if (strcmp(text(c->names, header->sh_name), name) == 0)
            return 1;
    return 0;
}

static int open_cubin(cubin *c, span file) {
    Elf64_Shdr header;
    *c = (cubin){.file = file};
    if (file.bytes < sizeof c->header || memcmp(file.at, ELFMAG, SELFMAG) != 0)
        return -1;
    memcpy(&c->header, file.at, sizeof c->header);
    c->sections = part(file, c->header.e_shoff, (uint64_t)c->header.e_shnum * sizeof header);
    if (c->header.e_shentsize != sizeof header || !section(c, c->header.e_shstrndx, &header))
        return -1;
    c->names = contents(c, &header);
    if (!find_section(c, ".symtab", &header))
        return -1;
    c->symbols = contents(c, &header);
    if (!section(c, header.sh_link, &header))
        return -1;
    c->symbol_names = contents(c, &header);
    if (find_section(c, ".nv.info", &header))
        c->info = contents(c, &header);
    return 0;
}

/* An attribute: a byte for the form of the value, a byte for the kind, then a value of 2 bytes, or a length of 2 bytes
 * and that many bytes. */
enum { FORM_SIZED = 4, MAX_THREADS = 0x05, FRAME_SIZE = 0x11, REGISTER_COUNT = 0x2f };

/* The value of the first attribute of a kind; with `symbol`, of the first whose first word is that symbol. */
static span attribute(span info, unsigned kind, const uint32_t *symbol) {
    for (uint64_t at = 0; at + 4 <= info.bytes;) {
        unsigned form = info.at[at], found = info.at[at + 1];
        uint64_t size = form == FORM_SIZED ? info.at[at + 2] + 256u * info.at[at + 3] : 0;
        span value = part(info, at + 4, size);
        if (form == FORM_SIZED && found == kind && (!symbol || word(value, 0) == *symbol))
            return value;
        at += 4 + size;
    }
    return (span){NULL, 0};
}

enum { INSTRUCTION = 16, OP_LDG = 0x981, OP_LDGSTS = 0xfae, OP_LDL = 0x983, OP_STL = 0x387, OP_HMMA = 0x23c };

/* A load's width is in bits 73 to 75; 6 is 128 bits. From sm_100 on an LDGSTS has it in bits 74 and 75; 2 is 128 bits.
 *  */
static int is_wide(int target, unsigned op, uint32_t high) {
    return op == OP_LDGSTS && target >= 100 ? (high >> 10 & 3) == 2 : (high >> 9 & 7) >= 6;
}

/* The lowest 12 bits of an instruction are the operation. */
static void count_instructions(cam_kernel_code *kernel, span code) {
    for (uint64_t at = 0; at + INSTRUCTION <= code.bytes; at += INSTRUCTION) {
        unsigned op = word(code, at) & 0xfff;
        int load = op == OP_LDG || op == OP_LDGSTS;
        kernel->instructions++;
        kernel->local += op == OP_LDL || op == OP_STL;
        kernel->tensor += op == OP_HMMA;
        kernel->global_loads += load;
        kernel->wide_loads += load && is_wide(kernel->target, op, word(code, at + 8));
    }
}

static uint32_t symbol_of(const cubin *c, const char *name) {
    Elf64_Sym symbol;
    for (uint32_t i = 0;; i++) {
        span s = part(c->symbols, (uint64_t)i * sizeof symbol, sizeof symbol);
        if (!s.at)
            return UINT32_MAX;
        memcpy(&symbol, s.at, sizeof symbol);
        if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && strcmp(text(c->symbol_names, symbol.st_name), name) == 0)
            return i;
    }
}

static void read_kernel(const cubin *c, cam_kernel_code *kernel, span code) {
    char name[sizeof kernel->name + 16];
    Elf64_Shdr header;
    uint32_t symbol = symbol_of(c, kernel->name);
    kernel->registers = (int)word(attribute(c->info, REGISTER_COUNT, &symbol), 4);
    kernel->frame_bytes = (int)word(attribute(c->info, FRAME_SIZE, &symbol), 4);
    snprintf(name, sizeof name, ".nv.info.%s", kernel->name);
    if (find_section(c, name, &header)) {
        span threads = attribute(contents(c, &header), MAX_THREADS, NULL);
        kernel->threads = threads.at ? (int)(word(threads, 0) * word(threads, 4) * word(threads, 8)) : 0;
    }
    count_instructions(kernel, code);
}

static int read_cubin(span file, int target, cam_kernel_visitor visit, void *context, cam_code_summary *summary) {
    static const char prefix[] = ".text.";
    cubin c;
    Elf64_Shdr header;
    if (open_cubin(&c, file))
        return -1;
    for (unsigned i = 0; section(&c, i, &header); i++) {
        const char *name = text(c.names, header.sh_name);
        if (header.sh_type != SHT_PROGBITS || strncmp(name, prefix, sizeof prefix - 1) != 0)
            continue;
        cam_kernel_code kernel = {.target = target};
        if (strlen(name) >= sizeof kernel.name)
            return -1;
        strcpy(kernel.name, name + sizeof prefix - 1);
        read_kernel(&c, &kernel, contents(&c, &header));
        summary->kernels++;
        visit(&kernel, context);
    }
    return 0;
}

/* --- fat binaries ---------------------------------------------------------------------------------------------- */

/* Header: magic, 16-bit version, 16-bit header size, 64-bit size of what follows. Entry: 16-bit kind, version, 32-bit
 * header size, 64-bit payload size; target at byte 28, flags at byte 40. */
enum {
    MAGIC_BYTES = 4,
    FAT_HEADER = 16,
    ENTRY_HEADER = 48,
    KIND_PTX = 1,
    KIND_CUBIN = 2,
    COMPRESSED = 0x2000 | 0x8000 /* LZ4, Zstandard */
};
static const unsigned char fat_magic[MAGIC_BYTES] = {0x50, 0xed, 0x55, 0xba};

static int read_entry(span fat, uint64_t at, uint64_t *next, cam_kernel_visitor visit, void *context,
                      cam_code_summary *summary) {
    span header = part(fat, at, ENTRY_HEADER);
    uint64_t header_bytes = word(header, 4), bytes = word(header, 8) + ((uint64_t)word(header, 12) << 32);
    span payload = part(fat, at + header_bytes, bytes);
    if (!header.at || header_bytes < ENTRY_HEADER || !payload.at)
        return -1;
    *next = at + header_bytes + bytes;
    unsigned kind = word(header, 0) & 0xffff;
    int target = (int)word(header, 28);
    if (kind == KIND_PTX && summary->ptx_count < (int)(sizeof summary->ptx / sizeof *summary->ptx))
        summary->ptx[summary->ptx_count++] = target;
    if (kind != KIND_CUBIN)
        return 0;
    if (word(header, 40) & COMPRESSED) {
        summary->compressed++;
        return 0;
    }
    return read_cubin(payload, target, visit, context, summary);
}

int cam_machine_code_read(const unsigned char *data, size_t bytes, cam_kernel_visitor visit, void *context,
                          cam_code_summary *summary) {
    span all = {data, bytes};
    *summary = (cam_code_summary){0};
    for (uint64_t at = 0; at + FAT_HEADER <= bytes; at++) {
        if (memcmp(data + at, fat_magic, MAGIC_BYTES) != 0 || (word(all, at + 4) >> 16) != FAT_HEADER)
            continue;
        uint64_t size = word(all, at + 8) + ((uint64_t)word(all, at + 12) << 32);
        span fat = part(all, at + FAT_HEADER, size);
        if (!fat.at)
            continue; /* these four bytes are in some other data */
        for (uint64_t entry = 0; entry < fat.bytes;)
            if (read_entry(fat, entry, &entry, visit, context, summary))
                return -1;
        at += FAT_HEADER + size - 1;
    }
    return 0;
}
