// SPDX-License-Identifier: GPL-2.0-or-later
import java.util.Arrays;
import javax.smartcardio.Card;
import javax.smartcardio.CardChannel;
import javax.smartcardio.CardTerminal;
import javax.smartcardio.CommandAPDU;
import javax.smartcardio.ResponseAPDU;
import javax.smartcardio.TerminalFactory;

/**
 * usage: java Client READER SLOT
 *
 * javax.smartcardio on the ISO card in that slot of the virtual reader: an APDU, and waiting for
 * the card to leave and come back.
 */
public final class Client {
	private static final String HEX = "%02X";

	private static String hex(byte[] bytes) {
		StringBuilder text = new StringBuilder();

		for (byte b : bytes)
			text.append(String.format(HEX, b));
		return text.toString();
	}

	/** Run the command after one second, in another thread. */
	private static void later(String... command) {
		new Thread(() -> {
			try {
				Thread.sleep(1000);
				new ProcessBuilder(command).start().waitFor();
			} catch (Exception e) {
				e.printStackTrace();
			}
		}).start();
	}

	public static void main(String[] arguments) throws Exception {
		CardTerminal terminal = TerminalFactory.getDefault().terminals()
			.getTerminal(arguments[0]);

		System.out.println("terminals " + TerminalFactory.getDefault().terminals().list());
		Card card = terminal.connect("*");
		System.out.println("ATR " + hex(card.getATR().getBytes()) + " " + card.getProtocol());
		card.beginExclusive();
		CardChannel channel = card.getBasicChannel();
		channel.transmit(new CommandAPDU(0x00, 0xA4, 0, 0, new byte[] { 0x2F, 0x00 }));
		ResponseAPDU answer = channel.transmit(new CommandAPDU(0x00, 0xB0, 0, 0, 4));
		System.out.println("read " + hex(answer.getData()) + " " +
				   Integer.toHexString(answer.getSW()));
		card.endExclusive();
		card.disconnect(true);

		later("vreaderctl", "remove", arguments[1]);
		System.out.println("absent " + terminal.waitForCardAbsent(20000));
		later("vreaderctl", "insert", arguments[1]);
		System.out.println("present " + terminal.waitForCardPresent(20000));
		System.out.println("done");
	}
}
