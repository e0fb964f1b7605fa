/* SPDX-License-Identifier: Apache-2.0 */
/* A model's main: searches every schedule with at most N switches, or N random ones, of one of its scenes. */
#ifndef NTF_MAIN_RELACY_H
#define NTF_MAIN_RELACY_H

#include <cstdio>
#include <cstdlib>
#include <cstring>

static int scene = 1;

/* model bound|random N [scene] */
template <typename Test>
static int run(int argc, char **argv)
{
    rl::test_params params;
    const bool bound = argc > 1 && std::strcmp(argv[1], "bound") == 0;
    const unsigned long long number = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 2;

    if (argc > 3)
        scene = std::atoi(argv[3]);
    params.search_type = bound ? rl::sched_bound : rl::sched_random;
    params.context_bound = bound ? (rl::thread_id_t)number : 2;
    params.iteration_count = bound ? 1000 : number;
    params.execution_depth_limit = 10000;
    params.progress_stream = &std::cerr;
    params.progress_output_period = 1000000;
    const bool passed = rl::simulate<Test>(params);
    std::printf("%s after %llu executions\n", passed ? "passed" : rl::test_result_str(params.test_result),
                (unsigned long long)params.stop_iteration);
    return passed ? 0 : 1;
}

#endif /* NTF_MAIN_RELACY_H */
