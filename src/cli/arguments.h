/* arguments.h: parses the command line by the tables of options.h. */
#ifndef CAM_ARGUMENTS_H
#define CAM_ARGUMENTS_H

#include "cam/status.h"
#include "options.h"
#include <stddef.h>

struct cam_group;

typedef struct cam_words {
    const char **items; /* an owned array of borrowed words */
    size_t count;
} cam_words;

typedef struct cam_choice {
    const char *word; /* NULL where the option is not given */
    int value;        /* the word's enumerator; that of the first word where the option is not given */
} cam_choice;

typedef struct cam_arguments {
    cam_verb verb;
    int has_verb;            /* it was named; otherwise it is the default */
    const char *name;        /* the model of a verb with CAM_VERB_TAKES_NAME; NULL where it is not given */
    cam_words notes;         /* to be told to the user */
    cam_words owned;         /* texts that are no words of argv: notes, and paths that had a "~" */
    cam_words overrides;     /* KEY=VALUE, ~KEY */
    struct cam_group *group; /* the ranks of this run; set by main */
/* A field for every option; a text is NULL where the option is not given. */
#define CAM_FIELD_SWITCH                                   int
#define CAM_FIELD_TEXT(name)                               const char *
#define CAM_FIELD_FILE(name)                               const char *
#define CAM_FIELD_FILES(name)                              cam_words
#define CAM_FIELD_FOLDER(name)                             const char *
#define CAM_FIELD_CHOICE(set)                              cam_choice
#define CAM_OPTION_FIELD(field, option, kind, verbs, help) CAM_FIELD_##kind field;
    CAM_OPTIONS(CAM_OPTION_FIELD)
#undef CAM_OPTION_FIELD
} cam_arguments;

/* CAM_E_USAGE for a misspelt word, with the nearest known one, and for a word that is not a choice of its option. The
 * words of argv must outlive the arguments. "~" at the beginning of a path becomes the home folder. Release in both cases. */
CAM_MUST_CHECK cam_status cam_arguments_parse(cam_arguments *arguments, int argc, char **argv);
void cam_arguments_release(cam_arguments *arguments);

/* Parses the number of an option. CAM_E_USAGE with the option's name where `word` is not a number in [low, high]. */
CAM_MUST_CHECK cam_status cam_argument_integer(const char *option, const char *word, long low, long high, long *value);
CAM_MUST_CHECK cam_status cam_argument_number(const char *option, const char *word, double low, double high,
                                              double *value);

#endif
