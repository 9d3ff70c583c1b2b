/* remedy.h: the parts of a message that a user copies: a setting in the syntax of the verb that prints it, and words for
 * a shell. */
#ifndef CAM_REMEDY_H
#define CAM_REMEDY_H

#include "strbuf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How a verb takes settings: train, check, show and tune as KEY=VALUE, the others as --option VALUE. */
typedef enum cam_syntax { CAM_SYNTAX_KEYS, CAM_SYNTAX_OPTIONS } cam_syntax;

/* Appends a setting that can be pasted into a command: `encoding=windows-1252`, `delimiter=';'`, or in the other syntax
 * `--encoding windows-1252`, `--delimiter ';'`. `key` is the configuration's name; "format" is --input-format. With value
 * NULL it ends in "…", where only the user knows the value. */
void cam_remedy_put(cam_strbuf *out, cam_syntax syntax, const char *key, const char *value);

/* Appends a word as a shell reads it back: in single quotes where it has a special character or is empty. One with what
 * visible.h calls hidden is written as $'...', which bash, zsh and ksh read. */
void cam_shell_word_put(cam_strbuf *out, const char *word);

#ifdef __cplusplus
}
#endif
#endif
