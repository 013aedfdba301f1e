// SPDX-License-Identifier: GPL-2.0
/*
 * Two threads that count in one variable for a second, under a lock or not. KCSAN must report
 * the latter, and only that: see tests/debug/kcsan.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

static bool locked;
module_param(locked, bool, 0);
MODULE_PARM_DESC(locked, "count under a lock");

static DEFINE_SPINLOCK(lock);
static unsigned int counter;

static int race_count(void *unused)
{
	while (!kthread_should_stop()) {
		if (locked)
			spin_lock(&lock);
		counter++;
		if (locked)
			spin_unlock(&lock);
		cond_resched();
	}
	return 0;
}

static int __init race_init(void)
{
	struct task_struct *one, *two;

	one = kthread_run(race_count, NULL, "race1");
	if (IS_ERR(one))
		return PTR_ERR(one);
	two = kthread_run(race_count, NULL, "race2");
	if (!IS_ERR(two)) {
		msleep(1000);
		kthread_stop(two);
	}
	kthread_stop(one);
	return PTR_ERR_OR_ZERO(two);
}

static void __exit race_exit(void)
{
}

module_init(race_init);
module_exit(race_exit);
MODULE_DESCRIPTION("Data race for tests/debug/kcsan");
MODULE_LICENSE("GPL");
