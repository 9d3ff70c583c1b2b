/* options.c: the tables of options.h. */
#include "options.h"
#include <string.h>

#define VERB_IS_COMPLETE(code, word, flags, arguments, help, more)                                                     \
    _Static_assert(sizeof(arguments) > 1 && sizeof(help) > 1 && sizeof(more) > 1, #word " lacks help");
#define OPTION_IS_COMPLETE(field, option, kind, verbs, help)                                                           \
    _Static_assert(sizeof(help) > 1 && (verbs) != 0, option " lacks help, or a verb that takes it");
CAM_VERBS(VERB_IS_COMPLETE)
CAM_OPTIONS(OPTION_IS_COMPLETE)

#define VERB(code, word, flags, arguments, help, more) [CAM_VERB_##code] = {#word, flags, arguments, help, more},
const cam_verb_row cam_verb_rows[CAM_VERB_COUNT] = {CAM_VERBS(VERB)};

#define KIND_SWITCH       .kind = CAM_OPTION_IS_SWITCH
#define KIND_TEXT(name)   .kind = CAM_OPTION_IS_TEXT, .value = (name)
#define KIND_FILE(name)   .kind = CAM_OPTION_IS_FILE, .value = (name)
#define KIND_FILES(name)  .kind = CAM_OPTION_IS_FILES, .value = (name)
#define KIND_FOLDER(name) .kind = CAM_OPTION_IS_FOLDER, .value = (name)
#define KIND_CHOICE(set)                                                                                               \
    .kind = CAM_OPTION_IS_CHOICE, .choices = cam_words_##set, .choice_count = CAM_CHOICE_COUNT_##set
#define OPTION(of_field, of_option, of_kind, of_verbs, of_help)                                                        \
    [CAM_OPTION_##of_field] = {.option = of_option, .verbs = of_verbs, .help = of_help, KIND_##of_kind},
const cam_option_row cam_option_rows[CAM_OPTION_COUNT] = {CAM_OPTIONS(OPTION)};

int cam_verb_find(const char *word) {
    for (int v = 0; v < CAM_VERB_COUNT; v++)
        if (strcmp(word, cam_verb_rows[v].word) == 0)
            return v;
    return -1;
}

/* The long form of a short option, otherwise the option itself. */
static const char *long_form(const char *option, size_t *length) {
    static const char *const forms[][2] = {
#define FORM(letter, option) {letter, option},
        CAM_SHORT_OPTIONS(FORM)
#undef FORM
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (*length == 2 && strncmp(option, forms[i][0], 2) == 0) {
            *length = strlen(forms[i][1]);
            return forms[i][1];
        }
    return option;
}

static int is_option(const char *option, const char *word, size_t length) {
    if (strlen(option) != length || strncmp(word, "--", 2) != 0)
        return 0;
    for (size_t i = 0; i < length; i++)
        if (option[i] != (word[i] == '_' ? '-' : word[i]))
            return 0;
    return 1;
}

const cam_option_row *cam_option_find(const char *option, size_t length, cam_verb verb) {
    const cam_option_row *found = NULL;
    option = long_form(option, &length);
    for (int i = 0; i < CAM_OPTION_COUNT; i++) {
        const cam_option_row *row = &cam_option_rows[i];
        if (is_option(row->option, option, length) && (!found || cam_option_is_of(row, verb)))
            found = row;
    }
    return found;
}

int cam_option_has_several_rows(const cam_option_row *row) {
    for (int i = 0; i < CAM_OPTION_COUNT; i++)
        if (row != &cam_option_rows[i] && strcmp(row->option, cam_option_rows[i].option) == 0)
            return 1;
    return 0;
}
