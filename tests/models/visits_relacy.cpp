/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real visits.c under Relacy: two visitors, of whom one comes twice, and somebody who takes the thing away that
 * they look at. Run by visits_relacy.py, which also takes things out one by one and wants to see this fail.
 *
 * Properties
 *   safety     the thing is a plain variable, which the taker writes once it has waited: a visitor that is still at
 *              it is a data race, and one that finds it afterwards an assertion
 *   progress   the taker gets through although others come and go (a livelock otherwise)
 */
#include "ntf_relacy.h"

#include "main_relacy.h"

#include "base/os/pause.h"

/* A nap of the system's is a step of somebody else's here. */
#define NTF_BASE_OS_OS_H
static int ntf_os_park(ntf_au32 *, uint32_t, uint64_t)
{
    rl::yield(1, RL_INFO);
    return 0;
}
static uint64_t ntf_os_now_ns(void)
{
    return 1;
}

#include "kmt/soft/visits.c" /* visits_relacy.py puts the copy to be judged first on the include path */

struct visits_test : rl::test_suite<visits_test, 3> {
    soft_visits visits;
    ntf_aptr way;
    rl::var<int> thing;

    void before()
    {
        for (unsigned i = 0; i < SOFT_PLACES; i++)
            ntf_init(&visits.places[i].turn, 0u);
        ntf_init(&way, (uintptr_t)1);
        thing($) = 1;
    }

    void visit(uint32_t hint)
    {
        const uint32_t place = soft_visit_begin(&visits, hint);

        if (ntf_load(&way, NTF_SEQ_CST) != 0)
            RL_ASSERT(thing($) == 1);
        soft_visit_end(&visits, place);
    }

    void thread(unsigned index)
    {
        if (index == 0) {
            ntf_store(&way, (uintptr_t)0, NTF_SEQ_CST);
            soft_visits_await(&visits);
            thing($) = 2;
        } else {
            visit(index);
            if (index == 1)
                visit(0);
        }
    }
};

int main(int argc, char **argv)
{
    return run<visits_test>(argc, argv);
}
