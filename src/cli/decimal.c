/* decimal.c: see decimal.h. */
#include "decimal.h"
#include <stddef.h>

/* The mark of a decimal number; 0 for any other cell. */
static char mark_of(const cam_cell *cell) {
    size_t at = cell->length > 0 && (cell->text[0] == '-' || cell->text[0] == '+');
    size_t digits[2] = {0, 0};
    char mark = '\0';
    for (; at < cell->length; at++) {
        char c = cell->text[at];
        if (c >= '0' && c <= '9')
            digits[mark != '\0']++;
        else if ((c == ',' || c == '.') && !mark)
            mark = c;
        else
            return '\0';
    }
    return digits[0] > 0 && digits[1] > 0 ? mark : '\0';
}

void cam_decimal_add(cam_decimal_evidence *evidence, const cam_record *record) {
    for (size_t i = 0; record->cells && i < record->cell_count; i++) {
        char mark = mark_of(&record->cells[i]);
        evidence->commas += mark == ',';
        evidence->points += mark == '.';
    }
}

char cam_decimal_choose(const cam_decimal_evidence *evidence, char delimiter) {
    if (delimiter == ',')
        return '.';
    if ((evidence->commas > 0) != (evidence->points > 0))
        return evidence->commas > 0 ? ',' : '.';
    return delimiter == ';' ? ',' : '.';
}
