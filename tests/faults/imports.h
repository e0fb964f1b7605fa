// SPDX-License-Identifier: Apache-2.0
/*
 * What a module asks of the C library, taken over: every reference of the module to one of the
 * functions below leads to a replacement that counts, and fails when it is its turn. Nobody else
 * in the process is touched, neither the driver nor the peer's copy of soft.
 *
 *   a fault  is counted in program order, of this thread, of the others, or of all; the n-th one
 *            fails (or all from the n-th on), with the errno that the call has for want of memory,
 *            descriptors or locks. A close, munmap or free that "fails" has done its work: that is
 *            how these calls are.
 *   held     what the module has allocated and mapped and not given back, exactly.
 */
#ifndef NTF_TEST_FAULTS_IMPORTS_H
#define NTF_TEST_FAULTS_IMPORTS_H

#include <stdbool.h>
#include <stddef.h>

// Loads the module for good and takes its references over. Before anybody calls into it. Aborts
// if the file is none that this can be done with.
void imports_take(const char *path);
// A function that the module asks for, and nobody has said whether it can fail; NULL: none.
const char *imports_unknown(void);

enum fault_kind { FAULT_ALLOCATION, FAULT_SYSTEM, FAULT_DRIVER, FAULT_KINDS };
enum fault_threads { FAULT_ME = 1, FAULT_OTHERS = 2 };

// n counts from 1; 0: nothing fails.
void faults_begin(unsigned n, unsigned threads, bool all_from_there);
void faults_end(void);
// Of the last begin to its end: the name of the call that failed first, NULL: none did.
const char *faults_fired(void);
enum fault_kind faults_fired_kind(void);
// Its failure says that memory, descriptors or locks have run out.
bool faults_fired_is_want(void);
// One more call; true: it is to fail.
bool faults_step(enum fault_kind kind, const char *name, bool want);

struct held { // less the array of the thread of asynchronous waits (wrappers.c)
    size_t blocks, mappings;
};
struct held imports_held(void);
// How often the module has closed a descriptor that was not open.
unsigned imports_bad_closes(void);

#endif
