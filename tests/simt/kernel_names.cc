/* kernel_names.cc: the name of a kernel, from the symbol table in the program's own file: kernels are static functions,
 * which the dynamic linker does not know.
 */
#include "simt.h"
#include <cstdlib>
#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int first_object(struct dl_phdr_info *info, size_t, void *base) {
    *static_cast<uintptr_t *>(base) = info->dlpi_addr;
    return 1;
}

static std::string symbol_at(const char *file, uintptr_t address) {
    const Elf64_Ehdr *head = reinterpret_cast<const Elf64_Ehdr *>(file);
    const Elf64_Shdr *sections = reinterpret_cast<const Elf64_Shdr *>(file + head->e_shoff);
    for (int i = 0; i < head->e_shnum; i++) {
        if (sections[i].sh_type != SHT_SYMTAB)
            continue;
        const Elf64_Sym *symbols = reinterpret_cast<const Elf64_Sym *>(file + sections[i].sh_offset);
        const char *strings = file + sections[sections[i].sh_link].sh_offset;
        for (size_t k = 0; k < sections[i].sh_size / sizeof *symbols; k++)
            if (ELF64_ST_TYPE(symbols[k].st_info) == STT_FUNC && symbols[k].st_value == address)
                return strings + symbols[k].st_name;
    }
    return "(a kernel without a symbol)";
}

static std::string own_symbol_at(uintptr_t address) {
    struct stat status;
    int fd = open("/proc/self/exe", O_RDONLY);
    if (fd < 0)
        return "(unknown)";
    std::string name = "(unknown)";
    if (fstat(fd, &status) == 0) {
        void *file = mmap(nullptr, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (file != MAP_FAILED) {
            name = symbol_at(static_cast<const char *>(file), address);
            munmap(file, (size_t)status.st_size);
        }
    }
    close(fd);
    return name;
}

const char *simt_kernel_name(const void *kernel) {
    static std::string name;
    uintptr_t base = 0;
    int status = 0;
    dl_iterate_phdr(first_object, &base);
    name = own_symbol_at(reinterpret_cast<uintptr_t>(kernel) - base);
    char *plain = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status);
    if (plain)
        name = plain;
    free(plain);
    return name.c_str();
}

extern "C" {
extern const uintptr_t __start___patchable_function_entries[] __attribute__((weak));
extern const uintptr_t __stop___patchable_function_entries[] __attribute__((weak));
}

unsigned simt_kernel_bound(const void *kernel) {
    uintptr_t at = reinterpret_cast<uintptr_t>(kernel), gap = 0;
    for (const uintptr_t *p = __start___patchable_function_entries; p < __stop___patchable_function_entries; p++)
        if (*p <= at && *p > gap)
            gap = *p;
    return gap && at - gap <= 1024 ? (unsigned)(at - gap) : 0;
}
