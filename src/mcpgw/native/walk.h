/* The scalars of a frame, for the module. */
#ifndef MCPGW_WALK_H
#define MCPGW_WALK_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

extern const char scalars_doc[];
PyObject *scalars(PyObject *module, PyObject *const *args, Py_ssize_t count);

#endif
