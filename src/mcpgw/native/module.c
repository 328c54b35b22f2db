/* What mcpgw has in C, as Python sees it. All of it is optional: without it the same is done in Python, slower. */
#include "lane.h"

#include "reader.h"
#include "sha256.h"
#include "text.h"
#include "walk.h"

#include <sys/stat.h>
#include <time.h>

static PyObject *text_or_none(Slice text)
{
    if (text.at == NULL)
        Py_RETURN_NONE;
    return PyUnicode_DecodeASCII(text.at, text.length, NULL);
}

static PyObject *id_or_none(const Envelope *envelope)
{
    if (!envelope->id.at || !envelope->id_is_text)
        return text_or_none(envelope->id);
    /* The typed key of a string id has its opening quote. */
    return text_or_none((Slice){envelope->id.at - 1, envelope->id.length + 1});
}

PyDoc_STRVAR(read_doc,
             "read(frame, max_depth, /)\n--\n\n"
             "(kind, id key, method, start and end of the params, params.name, protocol revision of the _meta, whether a "
             "key `blob` or `data` stands in it, whether `taskId` does), or None where the frame is not plain.");

static PyObject *native_read(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 2 || !PyBytes_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "read() takes bytes and the greatest depth");
        return NULL;
    }
    long max_depth = PyLong_AsLong(args[1]);
    if (max_depth == -1 && PyErr_Occurred())
        return NULL;
    Envelope envelope;
    const char *frame = PyBytes_AS_STRING(args[0]);
    int kind = read_frame(frame, PyBytes_GET_SIZE(args[0]), max_depth > INT_MAX ? INT_MAX : (int)max_depth, &envelope);
    if (kind < 0)
        Py_RETURN_NONE;
    Py_ssize_t start = envelope.params.at ? envelope.params.at - frame : -1;
    return Py_BuildValue("(iNNnnNNNN)", kind, id_or_none(&envelope), text_or_none(envelope.method), start,
                         start < 0 ? start : start + envelope.params.length, text_or_none(envelope.tool),
                         text_or_none(envelope.revision), PyBool_FromLong(envelope.has_base64),
                         PyBool_FromLong(envelope.has_task));
}

PyDoc_STRVAR(view_doc, "view(text, /)\n--\n\nThe text with each \\n \\t \\r \\\" as two spaces; itself if it has none.");

static PyObject *native_view(PyObject *module, PyObject *text)
{
    (void)module;
    if (!PyBytes_Check(text)) {
        PyErr_SetString(PyExc_TypeError, "view() takes bytes");
        return NULL;
    }
    Py_ssize_t length = PyBytes_GET_SIZE(text);
    if (memchr(PyBytes_AS_STRING(text), '\\', (size_t)length) == NULL)
        return Py_NewRef(text);
    PyObject *view = PyBytes_FromStringAndSize(PyBytes_AS_STRING(text), length);
    if (view != NULL)
        blank_separators(PyBytes_AS_STRING(view), length);
    return view;
}

PyObject *said_by(const char *frame, Py_ssize_t length)
{
    PyObject *text = PyBytes_FromStringAndSize(NULL, length);
    if (text != NULL)
        _PyBytes_Resize(&text, write_said(frame, length, PyBytes_AS_STRING(text)));
    return text;
}

PyDoc_STRVAR(said_doc, "said(frame, /)\n--\n\nWhat the frame says (see detect/view.py); itself if it has no escape.");

static PyObject *native_said(PyObject *module, PyObject *frame)
{
    (void)module;
    if (!PyBytes_Check(frame)) {
        PyErr_SetString(PyExc_TypeError, "said() takes bytes");
        return NULL;
    }
    if (memchr(PyBytes_AS_STRING(frame), '\\', (size_t)PyBytes_GET_SIZE(frame)) == NULL)
        return Py_NewRef(frame);
    return said_by(PyBytes_AS_STRING(frame), PyBytes_GET_SIZE(frame));
}

PyDoc_STRVAR(origins_doc, "origins(frame, offsets, /)\n--\n\nWhere in the frame the ascending offsets into its text come from.");

static PyObject *native_origins(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 2 || !PyBytes_Check(args[0]) || !PyList_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "origins() takes bytes and a list");
        return NULL;
    }
    Place reached = {0, 0};
    PyObject *places = PyList_New(PyList_GET_SIZE(args[1]));
    for (Py_ssize_t i = 0; places != NULL && i < PyList_GET_SIZE(places); i++) {
        Py_ssize_t offset = PyLong_AsSsize_t(PyList_GET_ITEM(args[1], i));
        PyObject *place = NULL;
        if (offset != -1 || !PyErr_Occurred())
            place = PyLong_FromSsize_t(
                origin_of(PyBytes_AS_STRING(args[0]), PyBytes_GET_SIZE(args[0]), offset, &reached));
        if (place == NULL)
            Py_CLEAR(places);
        else
            PyList_SET_ITEM(places, i, place);
    }
    return places;
}

PyDoc_STRVAR(know_doc,
             "know(keys, revision_key, /)\n--\n\n"
             "Sets the protocol's keys, each ended by a line feed, and the key in `_meta` that names a revision. Raises "
             "ValueError where there are too many, or two that differ in case only.");

static PyObject *native_know(PyObject *module, PyObject *args)
{
    (void)module;
    const char *keys, *revision;
    Py_ssize_t length, revision_length;
    if (!PyArg_ParseTuple(args, "y#y#", &keys, &length, &revision, &revision_length))
        return NULL;
    if (!know_keys(keys, length, revision, revision_length)) {
        PyErr_SetString(PyExc_ValueError, "not a set of protocol keys");
        return NULL;
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(digest_doc, "digest(head, body, /)\n--\n\nThe SHA-256 of `head` followed by `body`, in hex.");

static PyObject *native_digest(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 2 || !PyBytes_Check(args[0]) || !PyBytes_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "digest() takes bytes and bytes");
        return NULL;
    }
    char hex[DIGEST_HEX];
    sha256_hex(PyBytes_AS_STRING(args[0]), (size_t)PyBytes_GET_SIZE(args[0]), PyBytes_AS_STRING(args[1]),
               (size_t)PyBytes_GET_SIZE(args[1]), hex);
    return PyUnicode_DecodeASCII(hex, DIGEST_HEX, NULL);
}

PyDoc_STRVAR(add_doc, "add(page, sequence, updated, pairs, /)\n--\n\n"
                      "Adds to 64-bit cells of a writable page: pairs is a list of cell, amount, cell, amount ... The cell\n"
                      "`updated` gets the time in microseconds; `sequence` is odd meanwhile.");

static PyObject *native_add(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    Py_buffer page;
    if (count != 4 || !PyList_Check(args[3]) || PyList_GET_SIZE(args[3]) % 2) {
        PyErr_SetString(PyExc_TypeError, "add() takes a page, two cells and a list of pairs");
        return NULL;
    }
    if (PyObject_GetBuffer(args[0], &page, PyBUF_WRITABLE) < 0)
        return NULL;
    volatile uint64_t *words = page.buf;
    size_t cells = (size_t)page.len / sizeof *words;
    size_t sequence = PyLong_AsSize_t(args[1]), updated = PyLong_AsSize_t(args[2]);
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(args[3]) && !PyErr_Occurred(); i += 2)
        if (PyLong_AsSize_t(PyList_GET_ITEM(args[3], i)) >= cells)
            PyErr_SetString(PyExc_IndexError, "a cell is beyond the page");
    if (!PyErr_Occurred() && (sequence >= cells || updated >= cells))
        PyErr_SetString(PyExc_IndexError, "a cell is beyond the page");
    if (!PyErr_Occurred()) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        __atomic_add_fetch(&words[sequence], 1, __ATOMIC_ACQ_REL);
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(args[3]); i += 2)
            words[PyLong_AsSize_t(PyList_GET_ITEM(args[3], i))] += PyLong_AsSize_t(PyList_GET_ITEM(args[3], i + 1));
        words[updated] = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
        __atomic_add_fetch(&words[sequence], 1, __ATOMIC_ACQ_REL);
    }
    PyBuffer_Release(&page);
    if (PyErr_Occurred())
        return NULL;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(mark_doc, "mark(descriptor, /)\n--\n\n"
                       "Number of links, time of the last change in nanoseconds and inode of an open file. Raises OSError.");

static PyObject *native_mark(PyObject *module, PyObject *descriptor)
{
    (void)module;
    struct stat found;
    long fd = PyLong_AsLong(descriptor);
    if (fd == -1 && PyErr_Occurred())
        return NULL;
    if (fstat((int)fd, &found) < 0)
        return PyErr_SetFromErrno(PyExc_OSError);
#ifdef __APPLE__
    long long changed = (long long)found.st_mtimespec.tv_sec * 1000000000 + found.st_mtimespec.tv_nsec;
#else
    long long changed = (long long)found.st_mtim.tv_sec * 1000000000 + found.st_mtim.tv_nsec;
#endif
    return Py_BuildValue("(kLK)", (unsigned long)found.st_nlink, changed, (unsigned long long)found.st_ino);
}

static PyMethodDef methods[] = {
    {"read", (PyCFunction)(void (*)(void))native_read, METH_FASTCALL, read_doc},
    {"view", native_view, METH_O, view_doc},
    {"said", native_said, METH_O, said_doc},
    {"origins", (PyCFunction)(void (*)(void))native_origins, METH_FASTCALL, origins_doc},
    {"scalars", (PyCFunction)(void (*)(void))scalars, METH_FASTCALL, scalars_doc},
    {"know", native_know, METH_VARARGS, know_doc},
    {"digest", (PyCFunction)(void (*)(void))native_digest, METH_FASTCALL, digest_doc},
    {"add", (PyCFunction)(void (*)(void))native_add, METH_FASTCALL, add_doc},
    {"mark", native_mark, METH_O, mark_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "mcpgw._native",
                                    "What mcpgw has in C (optional).", -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__native(void)
{
    PyObject *made = PyModule_Create(&module), *lane = made ? PyType_FromSpec(&lane_spec) : NULL;
    if (lane == NULL || PyModule_AddObject(made, "Lane", lane) < 0) {
        Py_XDECREF(lane);
        Py_XDECREF(made);
        return NULL;
    }
    return made;
}
