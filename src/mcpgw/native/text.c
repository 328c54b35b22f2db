/* What a frame says: the text that is scanned. See text.h. */
#include "text.h"

#include <string.h>

#include "letters.h"

void blank_separators(char *text, ptrdiff_t length)
{
    const char *end = text + length;
    char *at = memchr(text, '\\', (size_t)length);
    for (; at != NULL && at + 1 < end; at = at < end ? memchr(at, '\\', (size_t)(end - at)) : NULL) {
        if (at[1] == 'n' || at[1] == 't' || at[1] == 'r' || at[1] == '"') {
            at[0] = at[1] = ' ';
            at++;
        }
        at++;
    }
}

/* What the escape at `at` says: its UTF-8 goes to `out` (at most four letters), `made` says how many. Returns its length.
 * A separator becomes a space, and so does the backslash of an escaped escape of a quote: what is text inside text. */
static ptrdiff_t undo(const unsigned char *at, const unsigned char *end, unsigned char *out, int *made)
{
    ptrdiff_t left = end - at;
    *made = 1;
    out[0] = '\\';
    if (left < 2)
        return 1;
    switch (at[1]) {
    case 'n': case 't': case 'r': case '"':
        out[0] = ' ';
        return 2;
    case '\\':
        if (left >= 4 && at[2] == '\\' && at[3] == '"')
            out[0] = ' ';
        return 2;
    case '/':
        out[0] = '/';
        return 2;
    case 'b': case 'f':
        out[0] = at[1] == 'b' ? '\b' : '\f';
        return 2;
    case 'u':
        break;
    default:
        return 1;
    }
    int unit = left >= 6 ? hex4(at + 2) : -1;
    if (unit < 0)
        return 1;
    int low = unit >= 0xD800 && unit <= 0xDBFF && left >= 12 && at[6] == '\\' && at[7] == 'u' ? hex4(at + 8) : -1;
    int is_pair = low >= 0xDC00 && low <= 0xDFFF;
    uint32_t code = is_pair ? 0x10000u + (((uint32_t)unit - 0xD800u) << 10) + ((uint32_t)low - 0xDC00u) : (uint32_t)unit;
    *made = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (*made == 1)
        out[0] = code == '"' ? ' ' : (unsigned char)code;
    else {
        static const unsigned char first[] = {0, 0, 0xC0, 0xE0, 0xF0};
        for (int i = *made - 1; i > 0; i--, code >>= 6)
            out[i] = (unsigned char)(0x80 | (code & 0x3F));
        out[0] = (unsigned char)(first[*made] | code);
    }
    return is_pair ? 12 : 6;
}

ptrdiff_t write_said(const char *frame, ptrdiff_t length, char *text)
{
    const unsigned char *at = (const unsigned char *)frame, *end = at + length, *next;
    unsigned char *out = (unsigned char *)text;
    /* No escape says more letters than it has. */
    while ((next = memchr(at, '\\', (size_t)(end - at))) != NULL) {
        unsigned char letters[4];
        int count;
        memcpy(out, at, (size_t)(next - at));
        out += next - at;
        at = next + undo(next, end, letters, &count);
        for (int i = 0; i < count; i++)
            *out++ = letters[i];
    }
    memcpy(out, at, (size_t)(end - at));
    out += end - at;
    blank_separators(text, (char *)out - text);
    return (char *)out - text;
}

ptrdiff_t origin_of(const char *frame, ptrdiff_t length, ptrdiff_t offset, Place *reached)
{
    const unsigned char *start = (const unsigned char *)frame, *end = start + length, *next;
    for (;;) {
        const unsigned char *at = start + reached->in_frame;
        next = memchr(at, '\\', (size_t)(end - at));
        if (next == NULL || offset <= reached->in_text + (next - at))
            return reached->in_frame + (offset - reached->in_text);
        unsigned char letters[4];
        int made;
        ptrdiff_t size = undo(next, end, letters, &made), said = reached->in_text + (next - at);
        if (offset < said + made)
            return next - start + 1;
        *reached = (Place){next - start + size, said + made};
    }
}
