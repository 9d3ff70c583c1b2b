/* replay.c: runs a fuzz target over files, and over the files of folders: without libFuzzer, with any compiler. Fails
 * where there is none. */
#include "fuzz.h"
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path) {
    FILE *file = fopen(path, "rb");
    struct stat about;
    FUZZ_CHECK(file && fstat(fileno(file), &about) == 0);
    uint8_t *bytes = malloc((size_t)about.st_size + 1);
    FUZZ_CHECK(bytes);
    size_t size = fread(bytes, 1, (size_t)about.st_size, file);
    fclose(file);
    fprintf(stderr, "%s\n", path); /* the last of them is the one that failed */
    LLVMFuzzerTestOneInput(bytes, size);
    free(bytes);
    return 1;
}

static int run(const char *path) {
    struct dirent *entry;
    DIR *directory = opendir(path);
    int files = 0;
    if (!directory)
        return access(path, R_OK) == 0 ? run_file(path) : 0;
    while ((entry = readdir(directory)) != NULL) {
        char name[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        files += run_file(name);
    }
    closedir(directory);
    return files;
}

int main(int count, char **arguments) {
    int files = 0;
    for (int i = 1; i < count; i++)
        files += run(arguments[i]);
    printf("%d inputs\n", files);
    return files == 0;
}
