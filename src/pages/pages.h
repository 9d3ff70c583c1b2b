/* pages.h: report.html, a page for people about what lies in a folder: the run of `train` or `pretrain`, or what
 * `measure`, `compare`, `curve` and `clean` found. It is made from the files of the folder alone (docs/report.md), so it
 * can be made again at any time. It is one file: no script, no font, no picture and no style sheet from elsewhere. */
#ifndef CAM_PAGES_H
#define CAM_PAGES_H

#include "cam/status.h"
#include "choices.h"

#define CAM_PAGE_FILE "report.html"

/* Writes folder/report.html from those of metrics.json, measure.json, compare.json, curve.json, clean.json, log.jsonl,
 * mistakes.csv and run.yaml that are there. `language` AUTO is that of the environment. Equal files give an equal page.
 * CAM_E_USAGE where none of the JSON files and no log is there, or a report.html that is not ours; CAM_E_DATA where a file
 * cannot be read, CAM_E_STORAGE, CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_pages_write(const char *folder, enum cam_choice_language language);
/* False for a file of this name that this program has not written, which is never replaced. */
int cam_page_is_ours(const char *path);

#endif
