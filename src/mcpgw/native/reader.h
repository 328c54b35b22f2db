/* What the quick reader says of a frame. Nothing here knows Python. */
#ifndef MCPGW_READER_H
#define MCPGW_READER_H

#include <stddef.h>
#include <stdint.h>

enum kind { REQUEST, NOTIFICATION, RESULT, ERROR };

typedef struct {
    const char *at;
    ptrdiff_t length;
} Slice;

/* What the envelope holds; a slice with at == NULL was not there.
 * tool: params.name.  revision: that the `_meta` names.  has_base64: a key `blob` or `data` stands in it.
 * has_task: a `taskId` does. */
typedef struct {
    Slice id, method, params, tool, revision;
    int id_is_text, has_version, has_result, has_error, has_base64, has_task;
} Envelope;

int same(Slice one, const char *other, ptrdiff_t length);

#define IS(slice, text) same((slice), (text), (ptrdiff_t)sizeof(text) - 1)

/* The kind of a plain frame; -1 for one that is not, whose envelope means nothing. */
int read_frame(const char *frame, ptrdiff_t length, int max_depth, Envelope *envelope);

/* Sets the protocol's keys, each ended by a line feed, and the key in `_meta` that names a revision. 0 where there are
 * too many, or two that differ in case only. */
int know_keys(const char *keys, ptrdiff_t length, const char *revision, ptrdiff_t revision_length);

#endif
