/* What a frame says, its escapes undone; detect/view.py has it in Python. Nothing here knows Python. */
#ifndef MCPGW_TEXT_H
#define MCPGW_TEXT_H

#include <stddef.h>

/* Blanks each \n \t \r \" of a text with two spaces, in place. */
void blank_separators(char *text, ptrdiff_t length);

/* Writes the text of a frame to `text`, which has room for `length` bytes; returns its length. */
ptrdiff_t write_said(const char *frame, ptrdiff_t length, char *text);

/* A place in a frame, and in its text. To begin with, both are 0. */
typedef struct {
    ptrdiff_t in_frame, in_text;
} Place;

/* Where in the frame the offset comes from, which is at or behind `reached`; inside an escape for one that is inside of
 * what it says. Moves `reached` on. */
ptrdiff_t origin_of(const char *frame, ptrdiff_t length, ptrdiff_t offset, Place *reached);

#endif
