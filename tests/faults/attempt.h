// SPDX-License-Identifier: Apache-2.0
#ifndef NTF_TEST_FAULTS_ATTEMPT_H
#define NTF_TEST_FAULTS_ATTEMPT_H

#include "paths.h"

// What is there beyond what was there when the process began.
struct left {
    long blocks, mappings; // of the layer, exactly
    long handles, pages, threads;
};

// How an attempt ended, in memory that its parent can see.
struct outcome {
    bool finished;
    bool fired;
    enum fault_kind kind;
    char call[48];
    struct left left;
};

/* In a process of its own: runs the path with the n-th call failing (0: none), and sees to it that
 * nothing is left that should not. Returns when all is well, else the process ends. */
void attempt(const struct path *path, unsigned n, struct outcome *outcome);

#endif
