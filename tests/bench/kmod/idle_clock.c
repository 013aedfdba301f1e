// SPDX-License-Identifier: GPL-2.0
/*
 * The idle time of the machine, which has one CPU: a number in a page that programs map from
 * /dev/idle_clock, so that reading it needs no system call.
 *
 * Time without idle time is the time of execution. The time that the CPU waits for an emulated
 * device says nothing about the guest's software: the device is another thread of the host.
 *
 * A second number is the busy time at the first interrupt after a pause.
 *
 * Idle time ends where the interrupt handler begins, not when the idle task continues: most of
 * the completion of a transfer runs in between.
 */
#include <linux/interrupt.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/timex.h>
#include <linux/tracepoint.h>
#include <trace/events/power.h>

#include "idle_clock.h"
#include "mark.h"

u64 *idle_clock_cycles;
EXPORT_SYMBOL_GPL(idle_clock_cycles);

#define IDLE_CLOCK_WHILE	100000000	/* pause: 100 ms without an interrupt */

static u64 idle_since;	/* 0: not idle */
static u64 idle_clock_last_irq;
static struct tracepoint *idle_clock_irq;

static void idle_clock_end(void)
{
	if (idle_since)
		WRITE_ONCE(*idle_clock_cycles, *idle_clock_cycles + get_cycles() - idle_since);
	idle_since = 0;
}

static void idle_clock_probe(void *data, unsigned int state, unsigned int cpu)
{
	if (state != PWR_EVENT_EXIT)
		idle_since = get_cycles();
	else
		idle_clock_end();
}

static void idle_clock_irq_probe(void *data, int irq, struct irqaction *action)
{
	u64 now = get_cycles();

	idle_clock_end();
	if (now - idle_clock_last_irq > IDLE_CLOCK_WHILE) {
		WRITE_ONCE(idle_clock_cycles[1], now - idle_clock_cycles[0]);
		mark_woken();
	}
	idle_clock_last_irq = now;
}

/* Not exported to modules: found by its address. */
static void idle_clock_find_irq(struct tracepoint *tp, void *data)
{
	if (!strcmp(tp->name, "irq_handler_entry"))
		idle_clock_irq = tp;
}

static int idle_clock_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_WRITE || vma->vm_end - vma->vm_start != PAGE_SIZE)
		return -EINVAL;
	return vm_insert_page(vma, vma->vm_start, virt_to_page(idle_clock_cycles));
}

static const struct file_operations idle_clock_fops = {
	.owner = THIS_MODULE,
	.mmap = idle_clock_mmap,
};

static struct miscdevice idle_clock_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "idle_clock",
	.fops = &idle_clock_fops,
	.mode = 0444,
};

static int __init idle_clock_init(void)
{
	int ret;

	idle_clock_cycles = (u64 *)get_zeroed_page(GFP_KERNEL);
	if (!idle_clock_cycles)
		return -ENOMEM;
	for_each_kernel_tracepoint(idle_clock_find_irq, NULL);
	ret = -ENOENT;
	if (!idle_clock_irq)
		goto free;
	ret = tracepoint_probe_register(idle_clock_irq, idle_clock_irq_probe, NULL);
	if (ret)
		goto free;
	ret = register_trace_cpu_idle(idle_clock_probe, NULL);
	if (ret)
		goto unregister_irq;
	ret = misc_register(&idle_clock_device);
	if (!ret)
		return 0;
	unregister_trace_cpu_idle(idle_clock_probe, NULL);
unregister_irq:
	tracepoint_probe_unregister(idle_clock_irq, idle_clock_irq_probe, NULL);
	tracepoint_synchronize_unregister();
free:
	free_page((unsigned long)idle_clock_cycles);
	return ret;
}
module_init(idle_clock_init);

static void __exit idle_clock_exit(void)
{
	misc_deregister(&idle_clock_device);
	unregister_trace_cpu_idle(idle_clock_probe, NULL);
	tracepoint_probe_unregister(idle_clock_irq, idle_clock_irq_probe, NULL);
	tracepoint_synchronize_unregister();
	free_page((unsigned long)idle_clock_cycles);
}
module_exit(idle_clock_exit);

MODULE_DESCRIPTION("time that the CPU was idle, for programs");
MODULE_LICENSE("GPL");
