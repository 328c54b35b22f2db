/* The quick reader of plain frames: one pass over the bytes, no tree.
 *
 * It accepts a frame only if every parser reads it the same way and the protocol gives none of its keys a second
 * spelling; then it says what the relay needs to know. Of anything else it says nothing (None), and the reader in
 * Python decides: it is the reference, and this module is never stricter or laxer than it, only quicker.
 */
#include "reader.h"

#include "letters.h"

#include <stdlib.h>
#include <string.h>

#define MAX_LEVELS 64    /* deeper frames are left to the reference */
#define MAX_KEYS 512     /* keys of all objects that are open at a time */
#define MAX_SIBLINGS 64  /* keys of one object: they are compared with each other */
#define MAX_ID_DIGITS 18
#define SLOTS 512        /* of the table of protocol keys; a power of two, far larger than the protocol */

typedef struct {
    const unsigned char *start, *at, *end;
    Slice keys[MAX_KEYS];
    int key_count;
    int has_base64, has_task; /* whether a key was seen that names encoded bytes, or a task */
    int level;
    int max_levels;
} Reader;

static Slice protocol_keys[SLOTS];
static char *protocol_text;
static Slice revision_key;

int same(Slice one, const char *other, ptrdiff_t length)
{
    return one.length == length && memcmp(one.at, other, (size_t)length) == 0;
}

static int same_folded(Slice one, Slice other)
{
    if (one.length != other.length)
        return 0;
    for (ptrdiff_t i = 0; i < one.length; i++)
        if (lower((unsigned char)one.at[i]) != lower((unsigned char)other.at[i]))
            return 0;
    return 1;
}

static unsigned hash_folded(Slice key)
{
    uint32_t hash = 2166136261u;
    for (ptrdiff_t i = 0; i < key.length; i++)
        hash = (hash ^ lower((unsigned char)key.at[i])) * 16777619u;
    return hash & (SLOTS - 1);
}

/* Whether a key is spelled as a key of the protocol but for its case. */
static int is_misspelled(Slice key)
{
    for (unsigned slot = hash_folded(key); protocol_keys[slot].at; slot = (slot + 1) & (SLOTS - 1))
        if (same_folded(protocol_keys[slot], key))
            return !same(key, protocol_keys[slot].at, protocol_keys[slot].length);
    return 0;
}

static void skip_space(Reader *reader)
{
    while (reader->at < reader->end &&
           (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\r' || *reader->at == '\n'))
        reader->at++;
}

static int take(Reader *reader, unsigned char wanted)
{
    if (reader->at >= reader->end || *reader->at != wanted)
        return 0;
    reader->at++;
    return 1;
}

/* Behind a backslash. Half a surrogate pair is not taken. */
static int take_escape(Reader *reader)
{
    if (reader->at >= reader->end)
        return 0;
    unsigned char letter = *reader->at++;
    if (letter != 'u')
        return letter && strchr("\"\\/bfnrt", letter) != NULL;
    if (reader->end - reader->at < 4)
        return 0;
    int unit = hex4(reader->at);
    reader->at += 4;
    if (unit < 0xD800 || unit > 0xDFFF)
        return unit >= 0;
    if (unit > 0xDBFF || reader->end - reader->at < 6 || reader->at[0] != '\\' || reader->at[1] != 'u')
        return 0;
    int low = hex4(reader->at + 2);
    reader->at += 6;
    return low >= 0xDC00 && low <= 0xDFFF;
}

/* One letter of UTF-8 that is not ASCII: well-formed as Unicode, table 3-7, has it. */
static int take_wide(Reader *reader)
{
    const unsigned char *at = reader->at;
    ptrdiff_t left = reader->end - at;
    unsigned char first = at[0], low = 0x80, high = 0xBF;
    int more;
    if (first >= 0xC2 && first <= 0xDF)
        more = 1;
    else if (first >= 0xE0 && first <= 0xEF) {
        more = 2;
        low = first == 0xE0 ? 0xA0 : low;
        high = first == 0xED ? 0x9F : high;
    } else if (first >= 0xF0 && first <= 0xF4) {
        more = 3;
        low = first == 0xF0 ? 0x90 : low;
        high = first == 0xF4 ? 0x8F : high;
    } else
        return 0;
    if (left <= more || at[1] < low || at[1] > high)
        return 0;
    for (int i = 2; i <= more; i++)
        if (at[i] < 0x80 || at[i] > 0xBF)
            return 0;
    reader->at += more + 1;
    return 1;
}

/* A string behind its quote. plain: what it holds, NULL where it has an escape or a letter beyond ASCII. */
static int take_string(Reader *reader, Slice *plain)
{
    const unsigned char *start = reader->at;
    int is_plain = 1;
    for (;;) {
        uint64_t word;
        while (reader->end - reader->at >= 8) {
            memcpy(&word, reader->at, sizeof word);
            if (has_special(word))
                break;
            reader->at += 8;
        }
        if (reader->at >= reader->end)
            return 0;
        unsigned char letter = *reader->at;
        if (letter == '"') {
            plain->at = is_plain ? (const char *)start : NULL;
            plain->length = reader->at - start;
            reader->at++;
            return 1;
        }
        if (letter < 0x20)
            return 0;
        if (letter == '\\') {
            is_plain = 0;
            reader->at++;
            if (!take_escape(reader))
                return 0;
        } else if (letter >= 0x80) {
            is_plain = 0;
            if (!take_wide(reader))
                return 0;
        } else
            reader->at++;
    }
}

static int take_digits(Reader *reader)
{
    const unsigned char *start = reader->at;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9')
        reader->at++;
    return reader->at > start;
}

/* whole: without a fraction or an exponent. */
static int take_number(Reader *reader, int *whole)
{
    *whole = 1;
    take(reader, '-');
    if (!take(reader, '0') && !take_digits(reader))
        return 0;
    if (take(reader, '.')) {
        *whole = 0;
        if (!take_digits(reader))
            return 0;
    }
    if (reader->at < reader->end && lower(*reader->at) == 'e') {
        *whole = 0;
        reader->at++;
        if (!take(reader, '+'))
            take(reader, '-');
        if (!take_digits(reader))
            return 0;
    }
    return 1;
}

static int take_word(Reader *reader, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
        return 0;
    reader->at += length;
    return 1;
}

/* The key behind a quote, up to its value: plain, and in no second spelling among its siblings or of the protocol. */
static int take_key(Reader *reader, int first_sibling, Slice *key)
{
    if (!take_string(reader, key) || key->at == NULL || is_misspelled(*key))
        return 0;
    if (reader->key_count == MAX_KEYS || reader->key_count - first_sibling == MAX_SIBLINGS)
        return 0;
    for (int i = first_sibling; i < reader->key_count; i++)
        if (same_folded(reader->keys[i], *key))
            return 0;
    reader->keys[reader->key_count++] = *key;
    reader->has_base64 |= IS(*key, "blob") || IS(*key, "data");
    reader->has_task |= IS(*key, "taskId");
    skip_space(reader);
    if (!take(reader, ':'))
        return 0;
    skip_space(reader);
    return 1;
}

/* Whether what stands below is the peers' own data, in which the protocol carries nothing (see content.py). */
static int holds_own_data(Slice key)
{
    return IS(key, "structuredContent") || IS(key, "arguments") || IS(key, "_meta");
}

typedef int (*Member)(Reader *, Slice, Envelope *);

static int take_value(Reader *reader, Member member, Envelope *envelope);

/* An object behind its brace. member: takes the value of one key; NULL for any value. */
static int take_object(Reader *reader, Member member, Envelope *envelope)
{
    int first_sibling = reader->key_count;
    if (++reader->level > reader->max_levels)
        return 0;
    skip_space(reader);
    if (!take(reader, '}')) {
        do {
            Slice key;
            skip_space(reader);
            if (!take(reader, '"') || !take_key(reader, first_sibling, &key))
                return 0;
            int has_base64 = reader->has_base64, has_task = reader->has_task;
            if (!(member ? member(reader, key, envelope) : take_value(reader, NULL, NULL)))
                return 0;
            if (holds_own_data(key)) {
                reader->has_base64 = has_base64;
                reader->has_task = has_task;
            }
            skip_space(reader);
        } while (take(reader, ','));
        if (!take(reader, '}'))
            return 0;
    }
    reader->key_count = first_sibling;
    reader->level--;
    return 1;
}

static int take_array(Reader *reader)
{
    if (++reader->level > reader->max_levels)
        return 0;
    skip_space(reader);
    if (!take(reader, ']')) {
        do {
            skip_space(reader);
            if (!take_value(reader, NULL, NULL))
                return 0;
            skip_space(reader);
        } while (take(reader, ','));
        if (!take(reader, ']'))
            return 0;
    }
    reader->level--;
    return 1;
}

/* Any value; the members of an object are given to `member`. */
static int take_value(Reader *reader, Member member, Envelope *envelope)
{
    Slice ignored;
    int whole;
    if (reader->at >= reader->end)
        return 0;
    switch (*reader->at) {
    case '{':
        reader->at++;
        return take_object(reader, member, envelope);
    case '[':
        reader->at++;
        return take_array(reader);
    case '"':
        reader->at++;
        return take_string(reader, &ignored);
    case 't':
        return take_word(reader, "true");
    case 'f':
        return take_word(reader, "false");
    case 'n':
        return take_word(reader, "null");
    default:
        return take_number(reader, &whole);
    }
}

/* A value that is of use only as a plain string. Any other one is taken and leaves `text` as it is. */
static int take_text(Reader *reader, Slice *text, int required)
{
    Slice found = {NULL, 0};
    if (reader->at >= reader->end || *reader->at != '"')
        return !required && take_value(reader, NULL, NULL);
    reader->at++;
    if (!take_string(reader, &found) || found.at == NULL)
        return 0;
    *text = found;
    return 1;
}

static int meta_member(Reader *reader, Slice key, Envelope *envelope)
{
    if (revision_key.at && same(key, revision_key.at, revision_key.length))
        return take_text(reader, &envelope->revision, 0);
    return take_value(reader, NULL, NULL);
}

static int params_member(Reader *reader, Slice key, Envelope *envelope)
{
    if (IS(key, "name"))
        return take_text(reader, &envelope->tool, 0);
    if (IS(key, "_meta"))
        return take_value(reader, meta_member, envelope);
    return take_value(reader, NULL, NULL);
}

/* A short whole number that has one spelling, or a plain string. */
static int take_id(Reader *reader, Envelope *envelope)
{
    int whole;
    envelope->id_is_text = take(reader, '"');
    if (envelope->id_is_text)
        return take_string(reader, &envelope->id) && envelope->id.at != NULL;
    envelope->id.at = (const char *)reader->at;
    if (!take_number(reader, &whole) || !whole)
        return 0;
    envelope->id.length = (const char *)reader->at - envelope->id.at;
    return envelope->id.length <= MAX_ID_DIGITS && !IS(envelope->id, "-0");
}

static int envelope_member(Reader *reader, Slice key, Envelope *envelope)
{
    if (IS(key, "jsonrpc")) {
        envelope->has_version = 1;
        return take_word(reader, "\"2.0\"");
    }
    if (IS(key, "id"))
        return take_id(reader, envelope);
    if (IS(key, "method"))
        return take_text(reader, &envelope->method, 1);
    if (IS(key, "params")) {
        envelope->params.at = (const char *)reader->at;
        if (!take(reader, '{') || !take_object(reader, params_member, envelope))
            return 0;
        envelope->params.length = (const char *)reader->at - envelope->params.at;
        return 1;
    }
    envelope->has_result |= IS(key, "result");
    envelope->has_error |= IS(key, "error");
    return take_value(reader, NULL, NULL);
}

/* Exactly one of request, notification, result and error, or -1. */
static int kind_of(const Envelope *envelope)
{
    if (!envelope->has_version)
        return -1;
    if (envelope->method.at)
        return envelope->has_result || envelope->has_error ? -1 : envelope->id.at ? REQUEST : NOTIFICATION;
    if (!envelope->id.at || envelope->has_result == envelope->has_error)
        return -1;
    return envelope->has_result ? RESULT : ERROR;
}

int read_frame(const char *frame, ptrdiff_t length, int max_depth, Envelope *envelope)
{
    Reader reader;
    memset(envelope, 0, sizeof *envelope);
    reader.start = reader.at = (const unsigned char *)frame;
    reader.end = reader.start + length;
    reader.key_count = reader.level = reader.has_base64 = reader.has_task = 0;
    reader.max_levels = max_depth < MAX_LEVELS ? max_depth : MAX_LEVELS;
    if (!take(&reader, '{') || !take_object(&reader, envelope_member, envelope))
        return -1;
    skip_space(&reader);
    envelope->has_base64 = reader.has_base64;
    envelope->has_task = reader.has_task;
    return reader.at == reader.end ? kind_of(envelope) : -1;
}

int know_keys(const char *keys, ptrdiff_t length, const char *revision, ptrdiff_t revision_length)
{
    char *text = malloc((size_t)(length + revision_length + 1));
    if (text == NULL)
        return 0;
    memcpy(text, keys, (size_t)length);
    memcpy(text + length, revision, (size_t)revision_length);
    memset(protocol_keys, 0, sizeof protocol_keys);
    free(protocol_text);
    protocol_text = text;
    revision_key = (Slice){text + length, revision_length};
    int known = 0;
    for (const char *start = text, *stop; start < text + length; start = stop + 1) {
        stop = memchr(start, '\n', (size_t)(text + length - start));
        Slice key = {start, stop ? stop - start : 0};
        if (stop == NULL || is_misspelled(key) || ++known > SLOTS / 2)
            return 0;
        unsigned slot = hash_folded(key);
        while (protocol_keys[slot].at && !same(key, protocol_keys[slot].at, protocol_keys[slot].length))
            slot = (slot + 1) & (SLOTS - 1);
        protocol_keys[slot] = key;
    }
    return 1;
}
