/* Finds scalars of a frame and the paths to them: one pass over its tokens, and no tree. detect/walk.py has it in Python. */
#include "walk.h"

#include <string.h>

#include "letters.h"

#define MAX_STEPS 1024 /* of a path; more than any frame's greatest depth */

/* One step of the path to a scalar: the key as it is spelled, with its quotes, or (key == NULL) the place in an array. */
typedef struct {
    const unsigned char *key;
    Py_ssize_t length, index;
    int in_object;
} Step;

/* The end of the string whose first quote is behind `at`. */
static const unsigned char *string_end(const unsigned char *at, const unsigned char *end)
{
    uint64_t word;
    while (at < end) {
        for (; end - at >= 8; at += 8) {
            memcpy(&word, at, sizeof word);
            if (has_special(word))
                break;
        }
        if (at >= end || *at == '"')
            break;
        at += *at == '\\' ? 2 : 1;
    }
    return at < end ? at + 1 : end;
}

static const unsigned char *word_end(const unsigned char *at, const unsigned char *end)
{
    while (at < end && memchr(" \t\r\n\v\f{}[]:,\"", *at, 13) == NULL)
        at++;
    return at;
}

static PyObject *path_of(const Step *steps, int levels)
{
    PyObject *path = PyTuple_New(levels);
    for (int i = 0; path != NULL && i < levels; i++) {
        PyObject *step = steps[i].in_object ? PyBytes_FromStringAndSize((const char *)steps[i].key, steps[i].length)
                                            : PyLong_FromSsize_t(steps[i].index);
        if (step == NULL)
            Py_CLEAR(path);
        else
            PyTuple_SET_ITEM(path, i, step);
    }
    return path;
}

/* Which scalars are asked for: those around the offsets of a list, in their order, or those whose last step is in a set. */
typedef struct {
    PyObject *offsets, *names;
    Py_ssize_t next;
} Wanted;

/* 1 or 0; -1 with an exception. start, end: where the scalar stands in the frame. */
static int is_wanted(Wanted *wanted, Py_ssize_t start, Py_ssize_t end, const Step *last, int is_key)
{
    int found = 0;
    if (wanted->offsets != NULL) {
        for (; wanted->next < PyList_GET_SIZE(wanted->offsets); wanted->next++) {
            Py_ssize_t offset = PyLong_AsSsize_t(PyList_GET_ITEM(wanted->offsets, wanted->next));
            if (offset == -1 && PyErr_Occurred())
                return -1;
            if (offset >= end)
                break;
            found |= offset >= start;
        }
        return found;
    }
    if (is_key)
        return 0;
    if (last == NULL || (last->in_object && memchr(last->key, '\\', (size_t)last->length) != NULL))
        return 1; /* spelled with an escape: whoever asks has to look */
    PyObject *name = last->in_object
                         ? PyBytes_FromStringAndSize((const char *)last->key + 1, last->length > 1 ? last->length - 2 : 0)
                         : PyLong_FromSsize_t(last->index);
    if (name != NULL)
        found = PySet_Contains(wanted->names, name);
    Py_XDECREF(name);
    return name == NULL ? -1 : found;
}

const char scalars_doc[] = PyDoc_STR(
             "scalars(frame, wanted, /)\n--\n\n"
             "(start, end, is_key, path) of scalars of a frame of valid JSON: around each of a list of ascending offsets, or, "
             "of values, those whose last step is in a set of keys and indices. None where it is nested too deeply.");

PyObject *scalars(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 2 || !PyBytes_Check(args[0]) || !(PyList_Check(args[1]) || PyAnySet_Check(args[1]))) {
        PyErr_SetString(PyExc_TypeError, "scalars() takes bytes and a list or a set");
        return NULL;
    }
    const unsigned char *start = (const unsigned char *)PyBytes_AS_STRING(args[0]), *at = start;
    const unsigned char *end = start + PyBytes_GET_SIZE(args[0]);
    Wanted wanted = {PyList_Check(args[1]) ? args[1] : NULL, args[1], 0};
    Step steps[MAX_STEPS];
    int levels = 0, expects_key = 0;
    PyObject *found = PyList_New(0);
    while (found != NULL && at < end) {
        Step *last = levels ? &steps[levels - 1] : NULL;
        const unsigned char *token = at++;
        switch (*token) {
        case ' ': case '\t': case '\r': case '\n': case '\v': case '\f':
            continue;
        case '{': case '[':
            if (levels == MAX_STEPS) {
                Py_DECREF(found);
                Py_RETURN_NONE;
            }
            expects_key = *token == '{';
            steps[levels++] = (Step){token, 0, 0, expects_key};
            continue;
        case '}': case ']':
            levels -= levels > 0;
            expects_key = 0;
            continue;
        case ',':
            expects_key = last != NULL && last->in_object;
            if (last != NULL)
                last->index++;
            continue;
        case ':':
            expects_key = 0;
            continue;
        case '"':
            at = string_end(at, end);
            break;
        default:
            at = word_end(at, end);
        }
        if (expects_key && last != NULL) {
            last->key = token;
            last->length = at - token;
        }
        int asked = is_wanted(&wanted, token - start, at - start, last, expects_key);
        PyObject *path = asked > 0 ? path_of(steps, levels) : NULL;
        PyObject *one = path ? Py_BuildValue("(nnNN)", token - start, at - start, PyBool_FromLong(expects_key), path) : NULL;
        if (asked < 0 || (asked && (one == NULL || PyList_Append(found, one) < 0)))
            Py_CLEAR(found);
        Py_XDECREF(one);
        if (wanted.offsets != NULL && wanted.next >= PyList_GET_SIZE(wanted.offsets))
            break;
    }
    return found;
}
