/* style_internal.h: the style sheet of a page, which needs no other file: light and dark colours, one column on a
 * narrow screen, rules for paper. It holds neither "<" nor "&". */
#ifndef CAM_STYLE_INTERNAL_H
#define CAM_STYLE_INTERNAL_H

extern const char cam_page_style[];

#endif
