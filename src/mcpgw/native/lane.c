/* The quick lane: a run of frames that nothing is to be done about but to record and forward them.
 *
 * A lane takes frames from the beginning of a chunk as long as each is a request of the client's, or an answer to one,
 * that is plain, that the session keeps nothing of and in which the scanner sees nothing. For these it drafts the
 * journal lines that the session and the recorder would have made, and keeps the table of waiting requests. At the
 * first other frame it stops: that one is the session's. What a lane does is never more or less than what they would
 * have done; it only does it in one call.
 *
 * Its caller writes the lines and then forwards the bytes, in that order, or calls `undo` and gives all to the session.
 */
#define _GNU_SOURCE /* memmem */
#include "lane.h"

#include "reader.h"
#include "sha256.h"

#include <structmember.h>

#define MICROSECONDS 1e6

typedef struct {
    PyObject_HEAD
    PyObject *scan, *waiting, *pending, *slow, *call;
    PyObject *undo; /* of the last run: ids that were added, or (id, request) that were taken out */
    PyObject *stateless_from; /* the first revision whose requests stand for themselves */
    Py_ssize_t most_waiting, most_bytes, most_params;
    int max_depth, enforces;
    char *lines;
    Py_ssize_t filled, room;
} Lane;

/* What a run has come to. */
typedef struct {
    const char *opening; /* `"at":...,` up to the entry: what the lines of one moment share */
    Py_ssize_t opening_length;
    long long sequence;
    char digest[DIGEST_HEX];
    long long frames, bytes, marked; /* marked: calls among requests, errors among answers */
    double now;
    PyObject *latencies;
} Run;

/* ---- lines ------------------------------------------------------------------------------------------------------ */

static int reserve(Lane *lane, Py_ssize_t more)
{
    if (lane->filled + more <= lane->room)
        return 1;
    Py_ssize_t room = (lane->filled + more) * 2;
    char *lines = PyMem_Realloc(lane->lines, (size_t)room);
    if (lines == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    lane->lines = lines;
    lane->room = room;
    return 1;
}

static int put(Lane *lane, const char *text, Py_ssize_t length)
{
    if (!reserve(lane, length))
        return 0;
    memcpy(lane->lines + lane->filled, text, (size_t)length);
    lane->filled += length;
    return 1;
}

#define PUT(lane, text) put((lane), (text), (Py_ssize_t)sizeof(text) - 1)

static int put_number(Lane *lane, long long number)
{
    char digits[24];
    return put(lane, digits, snprintf(digits, sizeof digits, "%lld", number));
}

/* A string that needs no escape; NULL becomes null. */
static int put_text(Lane *lane, const char *text, Py_ssize_t length)
{
    if (text == NULL)
        return PUT(lane, "null");
    return PUT(lane, "\"") && put(lane, text, length) && PUT(lane, "\"");
}

/* Whether JSON writes it as it is: printable ASCII without quote or backslash. */
static int needs_no_escape(Slice text)
{
    for (ptrdiff_t i = 0; i < text.length; i++)
        if (text.at[i] < ' ' || text.at[i] > '~' || text.at[i] == '"' || text.at[i] == '\\')
            return 0;
    return 1;
}

/* The same of a str, or None (then at is NULL). 0: it needs one, or is neither. */
static int as_slice(PyObject *text, Slice *slice)
{
    *slice = (Slice){NULL, 0};
    if (text == Py_None)
        return 1;
    if (!PyUnicode_Check(text) || !PyUnicode_IS_COMPACT_ASCII(text))
        return 0;
    *slice = (Slice){PyUnicode_DATA(text), PyUnicode_GET_LENGTH(text)};
    return needs_no_escape(*slice);
}

typedef struct {
    const char *direction, *type;
    Slice id, method, tool, params;
    int id_is_text;
    Py_ssize_t size;
    long long latency; /* -1 for a request */
} Line;

/* Adds a line, sealed. The form is that of audit/record.py and audit/chain.py. */
static int put_line(Lane *lane, Run *run, const Line *line)
{
    Py_ssize_t start = lane->filled;
    char chained[DIGEST_HEX + 1];
    int good = PUT(lane, "{\"v\":1,\"seq\":") && put_number(lane, run->sequence) && PUT(lane, ",") &&
               put(lane, run->opening, run->opening_length) && PUT(lane, ",\"direction\":") &&
               put_text(lane, line->direction, (Py_ssize_t)strlen(line->direction)) && PUT(lane, ",\"type\":") &&
               put_text(lane, line->type, (Py_ssize_t)strlen(line->type)) && PUT(lane, ",\"id\":") &&
               (line->id_is_text ? put_text(lane, line->id.at, line->id.length)
                                 : put(lane, line->id.at, line->id.length)) &&
               PUT(lane, ",\"method\":") && put_text(lane, line->method.at, line->method.length) &&
               PUT(lane, ",\"tool\":") && put_text(lane, line->tool.at, line->tool.length) &&
               PUT(lane, ",\"decision\":\"allow\",\"bytes\":") && put_number(lane, line->size);
    if (good && line->params.at)
        good = PUT(lane, ",\"params\":") && put(lane, line->params.at, line->params.length);
    if (good && line->latency >= 0)
        good = PUT(lane, ",\"latency_us\":") && put_number(lane, line->latency);
    if (!good || !PUT(lane, ",\"findings\":[]"))
        return 0;
    memcpy(chained, run->digest, DIGEST_HEX);
    chained[DIGEST_HEX] = '\n';
    sha256_hex(chained, sizeof chained, lane->lines + start, (size_t)(lane->filled - start), run->digest);
    run->sequence++;
    return PUT(lane, ",\"prev\":\"") && put(lane, chained, DIGEST_HEX) && PUT(lane, "\",\"hash\":\"") &&
           put(lane, run->digest, DIGEST_HEX) && PUT(lane, "\"}\n");
}

/* ---- frames ------------------------------------------------------------------------------------------------------ */

/* For each of these: 1 it is taken, 0 it is the session's, -1 an exception is set. */

/* Whether the scanner sees nothing. */
static int is_clean(Lane *lane, const char *frame, Py_ssize_t length)
{
    PyObject *text = said_by(frame, length);
    if (text == NULL)
        return -1;
    PyObject *seen = PyObject_CallOneArg(lane->scan, text);
    int clean = seen == NULL ? -1 : PyObject_Not(seen);
    Py_XDECREF(seen);
    Py_DECREF(text);
    if (clean < 0 && PyErr_ExceptionMatches(PyExc_Exception)) {
        PyErr_Clear(); /* a scan over its budget: the session meets it again, and decides */
        return 0;
    }
    return clean;
}

/* The table key of an id: a number's text, or a string behind its opening quote. */
static PyObject *key_of(const Envelope *envelope)
{
    return PyUnicode_FromStringAndSize(envelope->id.at - envelope->id_is_text,
                                       envelope->id.length + envelope->id_is_text);
}

static PyObject *text_of(Slice text)
{
    if (text.at == NULL)
        return Py_NewRef(Py_None);
    return PyUnicode_FromStringAndSize(text.at, text.length);
}

/* The params as they are recorded (at == NULL: not at all). 0: they have to be shortened. */
static int recorded_params(const Lane *lane, Slice params, Slice *recorded)
{
    *recorded = (Slice){NULL, 0};
    if (params.at == NULL || lane->most_params < 0)
        return 1;
    if (params.length > lane->most_params)
        return 0;
    for (ptrdiff_t i = 0; i < params.length; i++)
        if ((unsigned char)params.at[i] > 0x7F || params.at[i] == '\r')
            return 0;
    *recorded = params;
    return 1;
}

/* Whether the request names a revision from which on each stands for itself. They are dates: text compares them. */
static PyObject *is_stateless(const Lane *lane, Slice revision)
{
    const char *first = PyBytes_AS_STRING(lane->stateless_from);
    ptrdiff_t length = PyBytes_GET_SIZE(lane->stateless_from);
    if (revision.at == NULL)
        return Py_False;
    int order = memcmp(revision.at, first, (size_t)(revision.length < length ? revision.length : length));
    return order > 0 || (order == 0 && revision.length >= length) ? Py_True : Py_False;
}

/* Notes the request as one that waits. */
static int wait_for(Lane *lane, const Envelope *envelope, PyObject *key, PyObject *method, PyObject *tool, double now)
{
    Slice id = {envelope->id.at - envelope->id_is_text, envelope->id.length + 2 * envelope->id_is_text};
    PyObject *stateless = is_stateless(lane, envelope->revision);
    PyObject *fields = Py_BuildValue("((s#OOOd))", id.at, (Py_ssize_t)id.length, method, tool, stateless, now);
    PyObject *request = fields ? PyTuple_Type.tp_new((PyTypeObject *)lane->pending, fields, NULL) : NULL;
    int good = request != NULL && PyDict_SetItem(lane->waiting, key, request) == 0 &&
               PyList_Append(lane->undo, key) == 0;
    Py_XDECREF(fields);
    Py_XDECREF(request);
    return good ? 1 : -1;
}

static int take_request_of(Lane *lane, Run *run, const Envelope *envelope, Line *line, PyObject *key)
{
    int waits = PyDict_Contains(lane->waiting, key);
    if (waits || PyDict_GET_SIZE(lane->waiting) >= lane->most_waiting)
        return waits < 0 ? -1 : 0;
    int is_call = IS(envelope->method, "tools/call");
    PyObject *method = is_call ? Py_NewRef(lane->call) : text_of(envelope->method);
    PyObject *tool = text_of(is_call ? envelope->tool : (Slice){NULL, 0});
    int taken = method == NULL || tool == NULL ? -1 : PySet_Contains(lane->slow, method);
    if (taken == 0 && put_line(lane, run, line))
        taken = wait_for(lane, envelope, key, method, tool, run->now);
    else
        taken = taken == 1 ? 0 : -1;
    Py_XDECREF(method);
    Py_XDECREF(tool);
    run->marked += taken == 1 && is_call;
    return taken;
}

static int take_request(Lane *lane, Run *run, const char *frame, Py_ssize_t length)
{
    Envelope envelope;
    Line line = {"to_server", "request", .size = length, .latency = -1};
    if (read_frame(frame, length, lane->max_depth, &envelope) != REQUEST || envelope.has_base64 || envelope.has_task)
        return 0;
    if (!needs_no_escape(envelope.id) || !needs_no_escape(envelope.method) || !needs_no_escape(envelope.tool))
        return 0;
    if (lane->enforces && memmem(frame, (size_t)length, "[mcpgw:", 7) != NULL)
        return 0;
    line.id = envelope.id;
    line.id_is_text = envelope.id_is_text;
    line.method = envelope.method;
    if (IS(envelope.method, "tools/call"))
        line.tool = envelope.tool;
    if (!recorded_params(lane, envelope.params, &line.params))
        return 0;
    int taken = is_clean(lane, frame, length);
    if (taken != 1)
        return taken;
    PyObject *key = key_of(&envelope);
    taken = key == NULL ? -1 : take_request_of(lane, run, &envelope, &line, key);
    Py_XDECREF(key);
    return taken;
}

/* Takes the request out that `key` waits for. */
static int settle(Lane *lane, Run *run, PyObject *key, PyObject *request, long long latency)
{
    PyObject *taken_out = PyTuple_Pack(2, key, request), *measured = PyLong_FromLongLong(latency);
    int good = taken_out && measured && PyList_Append(lane->undo, taken_out) == 0 &&
               PyList_Append(run->latencies, measured) == 0 && PyDict_DelItem(lane->waiting, key) == 0;
    Py_XDECREF(taken_out);
    Py_XDECREF(measured);
    return good ? 1 : -1;
}

static int take_answer_to(Lane *lane, Run *run, Line *line, PyObject *key)
{
    PyObject *request = PyDict_GetItemWithError(lane->waiting, key);
    if (request == NULL)
        return PyErr_Occurred() ? -1 : 0;
    PyObject *method = PyTuple_GET_ITEM(request, 1), *since = PyTuple_GET_ITEM(request, 4);
    int is_slow = PySet_Contains(lane->slow, method);
    if (is_slow || !as_slice(method, &line->method) || !as_slice(PyTuple_GET_ITEM(request, 2), &line->tool))
        return is_slow < 0 ? -1 : 0;
    double waited = (run->now - PyFloat_AsDouble(since)) * MICROSECONDS;
    if (PyErr_Occurred())
        return -1;
    line->latency = waited > 0 ? (long long)waited : 0;
    return put_line(lane, run, line) ? settle(lane, run, key, request, line->latency) : -1;
}

static int take_answer(Lane *lane, Run *run, const char *frame, Py_ssize_t length)
{
    Envelope envelope;
    int kind = read_frame(frame, length, lane->max_depth, &envelope);
    if ((kind != RESULT && kind != ERROR) || envelope.has_base64 || envelope.has_task || envelope.params.at)
        return 0;
    if (!needs_no_escape(envelope.id))
        return 0;
    Line line = {"to_client", kind == ERROR ? "error" : "result", .size = length};
    line.id = envelope.id;
    line.id_is_text = envelope.id_is_text;
    int taken = is_clean(lane, frame, length);
    if (taken != 1)
        return taken;
    PyObject *key = key_of(&envelope);
    taken = key == NULL ? -1 : take_answer_to(lane, run, &line, key);
    Py_XDECREF(key);
    run->marked += taken == 1 && kind == ERROR;
    return taken;
}

/* ---- runs -------------------------------------------------------------------------------------------------------- */

typedef int (*Take)(Lane *, Run *, const char *, Py_ssize_t);

/* Puts the table back as it was before the last run. */
static int take_back(Lane *lane)
{
    for (Py_ssize_t i = PyList_GET_SIZE(lane->undo); i-- > 0;) {
        PyObject *done = PyList_GET_ITEM(lane->undo, i);
        int good = PyTuple_Check(done)
                       ? PyDict_SetItem(lane->waiting, PyTuple_GET_ITEM(done, 0), PyTuple_GET_ITEM(done, 1))
                       : PyDict_DelItem(lane->waiting, done);
        if (good < 0)
            return -1;
    }
    return PyList_SetSlice(lane->undo, 0, PyList_GET_SIZE(lane->undo), NULL);
}

/* Takes frames from `chunk[start:]` as long as `take` does; (end of the last one, lines, hash, frames, bytes, marked,
 * latencies), or None where the first one is not taken. */
static PyObject *run_of(Lane *lane, PyObject *args, Take take)
{
    PyObject *chunk, *result = NULL;
    const char *prev;
    Py_ssize_t start, prev_length;
    Run run = {0};
    if (!PyArg_ParseTuple(args, "Snds#Ls#", &chunk, &start, &run.now, &run.opening, &run.opening_length, &run.sequence,
                          &prev, &prev_length))
        return NULL;
    if (prev_length != DIGEST_HEX || start < 0 || start > PyBytes_GET_SIZE(chunk)) {
        PyErr_SetString(PyExc_ValueError, "a run begins inside the chunk, after a hash of 64 digits");
        return NULL;
    }
    memcpy(run.digest, prev, DIGEST_HEX);
    if (PyList_SetSlice(lane->undo, 0, PyList_GET_SIZE(lane->undo), NULL) < 0 || !(run.latencies = PyList_New(0)))
        return NULL;
    lane->filled = 0;
    const char *bytes = PyBytes_AS_STRING(chunk), *at = bytes + start, *end = bytes + PyBytes_GET_SIZE(chunk);
    for (const char *stop; (stop = memchr(at, '\n', (size_t)(end - at))) != NULL; at = stop + 1) {
        Py_ssize_t before = lane->filled, length = stop + 1 - at;
        int taken = length > lane->most_bytes ? 0 : take(lane, &run, at, length);
        if (taken < 0)
            goto failed;
        if (!taken) {
            lane->filled = before;
            break;
        }
        run.frames++;
        run.bytes += length;
    }
    if (!run.frames)
        result = Py_NewRef(Py_None);
    else
        result = Py_BuildValue("(ny#s#LLLO)", at - bytes, lane->lines, lane->filled, run.digest,
                               (Py_ssize_t)DIGEST_HEX, run.frames, run.bytes, run.marked, run.latencies);
failed:
    if (result == NULL) {
        PyObject *type, *value, *trace;
        PyErr_Fetch(&type, &value, &trace);
        if (take_back(lane) < 0)
            PyErr_Clear();
        PyErr_Restore(type, value, trace);
    }
    Py_DECREF(run.latencies);
    return result;
}

static PyObject *lane_requests(PyObject *self, PyObject *args)
{
    return run_of((Lane *)self, args, take_request);
}

static PyObject *lane_answers(PyObject *self, PyObject *args)
{
    return run_of((Lane *)self, args, take_answer);
}

static PyObject *lane_undo(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    if (take_back((Lane *)self) < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* ---- the type ----------------------------------------------------------------------------------------------------- */

static int lane_init(PyObject *self, PyObject *args, PyObject *named)
{
    static char *names[] = {"scan",         "waiting",    "pending",     "slow",     "stateless_from", "max_depth",
                            "most_waiting", "most_bytes", "most_params", "enforces", NULL};
    Lane *lane = (Lane *)self;
    PyObject *scan, *waiting, *pending, *slow, *stateless_from;
    if (!PyArg_ParseTupleAndKeywords(args, named, "$OO!O!O!Sinnnp", names, &scan, &PyDict_Type, &waiting,
                                     &PyType_Type, &pending, &PyFrozenSet_Type, &slow, &stateless_from,
                                     &lane->max_depth, &lane->most_waiting, &lane->most_bytes, &lane->most_params,
                                     &lane->enforces))
        return -1;
    if (!PyType_IsSubtype((PyTypeObject *)pending, &PyTuple_Type)) {
        PyErr_SetString(PyExc_TypeError, "pending is a tuple of five");
        return -1;
    }
    Py_XSETREF(lane->scan, Py_NewRef(scan));
    Py_XSETREF(lane->waiting, Py_NewRef(waiting));
    Py_XSETREF(lane->pending, Py_NewRef(pending));
    Py_XSETREF(lane->slow, Py_NewRef(slow));
    Py_XSETREF(lane->stateless_from, Py_NewRef(stateless_from));
    Py_XSETREF(lane->call, PyUnicode_InternFromString("tools/call"));
    Py_XSETREF(lane->undo, PyList_New(0));
    return lane->call && lane->undo ? 0 : -1;
}

static int lane_traverse(PyObject *self, visitproc visit, void *arg)
{
    Lane *lane = (Lane *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(lane->scan);
    Py_VISIT(lane->waiting);
    Py_VISIT(lane->pending);
    Py_VISIT(lane->slow);
    Py_VISIT(lane->undo);
    return 0;
}

static int lane_clear(PyObject *self)
{
    Lane *lane = (Lane *)self;
    Py_CLEAR(lane->scan);
    Py_CLEAR(lane->waiting);
    Py_CLEAR(lane->pending);
    Py_CLEAR(lane->slow);
    Py_CLEAR(lane->stateless_from);
    Py_CLEAR(lane->call);
    Py_CLEAR(lane->undo);
    return 0;
}

static void lane_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    lane_clear(self);
    PyMem_Free(((Lane *)self)->lines);
    type->tp_free(self);
    Py_DECREF(type);
}

PyDoc_STRVAR(lane_doc,
             "Lane(*, scan, waiting, pending, slow, stateless_from, max_depth, most_waiting, most_bytes, most_params, "
             "enforces)\n--\n\n"
             "scan: bytes in, an empty list where there is nothing to look at.  waiting: the client's requests by id.\n"
             "pending: the type of its values.  slow: methods that are the session's.  stateless_from: a revision.\n"
             "most_params: -1 where params are\n"
             "not recorded.  enforces: whether a stand-in that comes back is refused.");
PyDoc_STRVAR(run_doc, "(chunk, start, now, opening, seq, prev, /)\n--\n\n"
                      "(end, lines, hash, frames, bytes, marked, latencies) of the frames at chunk[start:end], or None.\n"
                      "marked: calls among requests, errors among answers.");

static PyMethodDef lane_methods[] = {
    {"requests", lane_requests, METH_VARARGS, run_doc},
    {"answers", lane_answers, METH_VARARGS, run_doc},
    {"undo", lane_undo, METH_NOARGS, "undo($self, /)\n--\n\nThe last run was not recorded: nothing of it has happened."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot lane_slots[] = {
    {Py_tp_doc, (void *)lane_doc},   {Py_tp_new, PyType_GenericNew},   {Py_tp_init, lane_init},
    {Py_tp_traverse, lane_traverse}, {Py_tp_clear, lane_clear},        {Py_tp_dealloc, lane_dealloc},
    {Py_tp_methods, lane_methods},   {0, NULL},
};

PyType_Spec lane_spec = {"mcpgw._native.Lane", sizeof(Lane), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, lane_slots};
