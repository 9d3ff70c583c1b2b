/* verb_measure.c: `measure`. */
#include "many_trainings.h"
#include "measure.h"
#include "verbs.h"

cam_status cam_verb_measure(const cam_arguments *arguments) {
    return cam_many_trainings_of_one(arguments, cam_measure);
}
