/* The type Lane (see lane.c), for the module. */
#ifndef MCPGW_LANE_H
#define MCPGW_LANE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

extern PyType_Spec lane_spec;

/* What a frame says (see text.h), as bytes. */
PyObject *said_by(const char *frame, Py_ssize_t length);

#endif
