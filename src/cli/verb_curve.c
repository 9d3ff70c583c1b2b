/* verb_curve.c: `curve`. */
#include "curve.h"
#include "many_trainings.h"
#include "verbs.h"

cam_status cam_verb_curve(const cam_arguments *arguments) {
    return cam_many_trainings_of_one(arguments, cam_curve);
}
