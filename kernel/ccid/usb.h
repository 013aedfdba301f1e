/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CCID_USB_H
#define CCID_USB_H

int ccid_usb_init(void);
void ccid_usb_exit(void);

#endif
