/* statistics_case.h: reads tests/unit/data/calibration.jsonl, which scipy, numpy and scikit-learn have made. */
#ifndef CAM_STATISTICS_CASE_H
#define CAM_STATISTICS_CASE_H

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline double case_number(const json_t *line, const char *key) {
    const json_t *value = json_object_get(line, key);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

/* The numbers of a list, to be freed. */
static inline double *case_numbers(const json_t *line, const char *key, size_t *count) {
    const json_t *list = json_object_get(line, key);
    assert_true(json_is_array(list));
    *count = json_array_size(list);
    double *numbers = malloc((*count + 1) * sizeof *numbers);
    assert_non_null(numbers);
    for (size_t i = 0; i < *count; i++)
        numbers[i] = json_number_value(json_array_get(list, i));
    return numbers;
}

static inline void assert_near(double value, double expected, double tolerance) {
    if (!(fabs(value - expected) <= tolerance * fmax(1e-3, fabs(expected))))
        fail_msg("%.17g, expected %.17g", value, expected);
}

/* Calls `check` with each line of this kind; there is one. */
static inline void each_case(const char *kind, void (*check)(const json_t *line)) {
    enum { LINE_BYTES = 1 << 20 };
    static char text[LINE_BYTES];
    int found = 0;
    FILE *file = fopen("tests/unit/data/calibration.jsonl", "r");
    assert_non_null(file);
    while (fgets(text, sizeof text, file)) {
        json_error_t error;
        json_t *line = json_loads(text, 0, &error);
        assert_non_null(line);
        if (strcmp(json_string_value(json_object_get(line, "kind")), kind) == 0) {
            check(line);
            found++;
        }
        json_decref(line);
    }
    fclose(file);
    assert_true(found > 0);
}

#endif
