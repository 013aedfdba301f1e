// SPDX-License-Identifier: GPL-2.0-or-later
//! usage: client READER
//!
//! Debian's pcsc package on the ISO card: readers, an APDU in a transaction, an attribute, a wait that
//! another thread cancels. Prints a line for each, and "done" at the end.
use pcsc::{Attribute, Context, Disposition, Error, Protocols, ReaderState, Scope, ShareMode, State};
use std::ffi::CString;
use std::time::Duration;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{:02X}", b)).collect()
}

fn wait_and_cancel(context: &Context, name: &CString) -> Result<(), Error> {
    let mut states = [ReaderState::new(name.clone(), State::UNAWARE)];
    context.get_status_change(Duration::from_secs(5), &mut states)?;
    println!("present {}", states[0].event_state().contains(State::PRESENT));
    states[0].sync_current_state();
    let canceller = {
        let context = context.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(500));
            context.cancel()
        })
    };
    let result = context.get_status_change(Duration::from_secs(20), &mut states);
    println!("wait {:?}", result.err());
    canceller.join().unwrap()
}

fn main() -> Result<(), Error> {
    let name = CString::new(std::env::args().nth(1).expect("usage: client READER")).unwrap();
    let context = Context::establish(Scope::User)?;
    for reader in context.list_readers_owned()? {
        println!("reader {}", reader.to_string_lossy());
    }
    let mut card = context.connect(&name, ShareMode::Shared, Protocols::ANY)?;
    println!("ATR {}", hex(&card.get_attribute_owned(Attribute::AtrString)?));
    {
        let transaction = card.transaction()?;
        let mut buffer = [0; 258];
        transaction.transmit(&[0x00, 0xA4, 0, 0, 2, 0x2F, 0x00], &mut buffer)?;
        let answer = transaction.transmit(&[0x00, 0xB0, 0, 0, 4], &mut buffer)?;
        println!("read {}", hex(answer));
    }
    card.disconnect(Disposition::ResetCard).map_err(|(_, error)| error)?;
    wait_and_cancel(&context, &name)?;
    println!("done");
    Ok(())
}
