/* The type Lane (see lane.c), for the module. */
#ifndef MCPGW_LANE_H
#define MCPGW_LANE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

extern PyType_Spec lane_spec;

/* The frame with each \n \t \r \" as two spaces, as bytes. */
PyObject *view_of(const char *frame, Py_ssize_t length);

#endif
