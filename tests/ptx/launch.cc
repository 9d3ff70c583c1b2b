/* launch.cc: takes the place of the fibres of tests/simt: a launch runs the PTX of its kernel. The folder of the .ptx files
 * is the environment variable CAM_PTX. There is no way around it: a kernel without PTX ends the program.
 *
 * CAM_PTX_COUNT=1 prints at the end which kernels ran.
 */
#include "simt.h"
#include "warp.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <memory>

using namespace ptx;

namespace {

struct entry {
    source text;
    std::unique_ptr<kernel> decoded; /* when it is first launched */
    uint64_t launches = 0;
};

struct library {
    std::map<std::string, entry> kernels; /* by name */
    std::map<const void *, entry *> by_address;
};

bool same_text(const source &a, const source &b) {
    if (a.statements.size() != b.statements.size() || a.parameter_bytes != b.parameter_bytes)
        return false;
    for (size_t n = 0; n < a.statements.size(); n++)
        if (a.statements[n].text != b.statements[n].text)
            return false;
    return true;
}

/* A template of a header is compiled once for each file that uses it. */
void add_kernel(library *l, source text) {
    auto found = l->kernels.find(text.name);
    if (found == l->kernels.end())
        l->kernels[text.name].text = std::move(text);
    else if (!same_text(found->second.text, text))
        die("kernel %s is in %s and, not the same, in %s", text.name.c_str(), found->second.text.file.c_str(),
            text.file.c_str());
}

std::vector<std::string> ptx_files(const std::string &folder) {
    std::vector<std::string> paths;
    DIR *directory = opendir(folder.c_str());
    if (!directory)
        die("CAM_PTX: no folder %s", folder.c_str());
    while (const struct dirent *file = readdir(directory)) {
        std::string name = file->d_name;
        if (name.size() > 4 && name.compare(name.size() - 4, 4, ".ptx") == 0)
            paths.push_back(std::string(folder).append("/").append(name));
    }
    closedir(directory);
    std::sort(paths.begin(), paths.end());
    if (paths.empty())
        die("CAM_PTX: no .ptx files in %s", folder.c_str());
    return paths;
}

void print_counts(void);

library &the_library(void) {
    static library *l;
    if (l)
        return *l;
    const char *folder = getenv("CAM_PTX");
    if (!folder)
        die("CAM_PTX is not set: it names the folder of the .ptx files");
    l = new library();
    for (const std::string &path : ptx_files(folder))
        for (source &text : read_source(path))
            add_kernel(l, std::move(text));
    if (getenv("CAM_PTX_COUNT"))
        atexit(print_counts);
    return *l;
}

void print_counts(void) {
    size_t used = 0;
    fflush(stdout);
    for (const auto &k : the_library().kernels) {
        used += k.second.launches > 0;
        if (k.second.launches > 0)
            fprintf(stderr, "ptx: %8llu launches of %s\n", (unsigned long long)k.second.launches, k.first.c_str());
    }
    fprintf(stderr, "ptx: %zu of %zu kernels ran, %llu warp instructions\n", used, the_library().kernels.size(),
            (unsigned long long)instructions_run);
}

entry &entry_of(const void *address) {
    library &l = the_library();
    entry *&e = l.by_address[address];
    if (e)
        return *e;
    std::string name = simt_kernel_name(address);
    auto found = l.kernels.find(name);
    if (found == l.kernels.end())
        die("no PTX of kernel %s in the folder CAM_PTX", name.c_str());
    e = &found->second;
    e->decoded.reset(new kernel(decode(e->text)));
    return *e;
}

void run_launch(const simt_launch &launch) {
    entry &e = entry_of(launch.kernel);
    e.launches++;
    run(*e.decoded, launch.grid, launch.threads, launch.shared_bytes, launch.arguments());
}

/* Before main, so that a program becomes one that runs PTX by being linked with this file. */
struct hook {
    hook(void) { simt_interpreter = run_launch; }
} hook;

} // namespace
