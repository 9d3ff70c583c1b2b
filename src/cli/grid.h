/* grid.h: the settings that `compare` tries: KEY=[a, b] on its command line, a list where a scalar is due.
 *
 * Several such lists make every combination. A value may be followed by settings that go with it:
 *     "freeze=[none num_train_epochs=6, encoder num_train_epochs=50 learning_rate=1e-3]"
 */
#ifndef CAM_GRID_H
#define CAM_GRID_H

#include "arguments.h"
#include "compare.h"

enum { CAM_GRID_MOST = 100000 }; /* combinations */

typedef struct cam_grid {
    const char **plain; /* [plain_count] the overrides that are no list */
    size_t plain_count;
    const char **keys; /* [key_count] each of which some entry sets */
    size_t key_count;
    struct cam_grid_axis *axes;
    size_t axis_count;
    int64_t count; /* of the combinations */
} cam_grid;

/* Reads the overrides. CAM_E_USAGE: there is no list, an empty one, a key twice, or more than CAM_GRID_MOST combinations;
 * CAM_E_MEMORY. Release in every case. */
CAM_MUST_CHECK cam_status cam_grid_read(cam_grid *grid, const cam_arguments *arguments);
void cam_grid_release(cam_grid *grid);

/* Of combination i: its name, its settings (both to be freed; the settings point into the grid), and the overrides that
 * set it after the plain ones: overrides[plain_count + settings], which the caller frees. CAM_E_MEMORY. */
typedef struct cam_grid_entry {
    char *name;
    cam_compare_setting *settings;
    size_t setting_count;
    const char **overrides;
    size_t override_count;
} cam_grid_entry;
CAM_MUST_CHECK cam_status cam_grid_entry_make(const cam_grid *grid, int64_t i, cam_grid_entry *entry);
void cam_grid_entry_release(cam_grid_entry *entry);

#endif
