//! The ABI's register table as the decoder sees it: pages of 16 words, one word for every address, registers and holes
//! alike.
use crate::bundles::{Settings, TcpSettings};
use stevedore_abi::register::{control, offset, Register, REGISTERS};
use stevedore_hdl::prelude::*;

/// Words of a page.
pub const WORDS: usize = 16;
/// Pages the table reaches into.
pub const PAGES: usize = REGISTERS[REGISTERS.len() - 1].offset as usize / (4 * WORDS) + 1;

/// The value behind every address.
pub type Words = [[Bits<32>; WORDS]; PAGES];

/// The register at each place.
const PLACES: [[Option<Register>; WORDS]; PAGES] = {
    let mut places = [[None; WORDS]; PAGES];
    let mut row = 0;
    while row < REGISTERS.len() {
        let word = REGISTERS[row].offset as usize / 4;
        places[word / WORDS][word % WORDS] = Some(REGISTERS[row]);
        row += 1;
    }
    places
};

/// One property of every place; `other` for holes.
macro_rules! property {
    ($(#[$text:meta])* $name:ident: $type:ty, $register:ident => $value:expr, $other:expr) => {
        $(#[$text])*
        pub const $name: [[$type; WORDS]; PAGES] = {
            let mut places = [[$other; WORDS]; PAGES];
            let (mut page, mut word) = (0, 0);
            while page < PAGES {
                if let Some($register) = PLACES[page][word] {
                    places[page][word] = $value;
                }
                word += 1;
                (page, word) = (page + word / WORDS, word % WORDS);
            }
            places
        };
    };
}

property!(
    /// There is a register here.
    KNOWN: bool, _register => true, false
);
property!(
    /// What is written stays.
    STORED: bool, register => register.access.is_stored(), false
);
property!(
    /// Only a stopped engine takes what is written.
    STOPPED: bool, register => matches!(register.access, stevedore_abi::register::Access::ReadWriteStopped), false
);
property!(
    /// The bits that can ever be set.
    MASK: u64, register => (register.limits.mask & (u32::MAX >> register.limits.maximum.leading_zeros())) as u64, 0
);
property!(
    /// The smallest value.
    MINIMUM: u64, register => register.limits.minimum as u64, 0
);
property!(
    /// The largest value.
    MAXIMUM: u64, register => register.limits.maximum as u64, 0
);
property!(
    /// The value after reset.
    RESET: u64, register => register.reset as u64, 0
);

/// The page of a register's place; `register` is a constant of `abi::register::offset`.
#[kernel_fn]
pub fn page_of(register: u32) -> usize {
    register as usize / 4 / WORDS
}

/// Its word in that page.
#[kernel_fn]
pub fn word_of(register: u32) -> usize {
    register as usize / 4 % WORDS
}

/// The word of `register`.
#[kernel_fn]
pub fn word_at(words: Words, register: u32) -> Bits<32> {
    words[page_of(register)][word_of(register)]
}

/// Two registers as one number: `low` and the one behind it.
#[kernel_fn]
fn pair_at(words: Words, low: u32) -> Bits<64> {
    cat::<32, 32, 64>(word_at(words, low + 4), word_at(words, low))
}

/// What the blocks see of the registers: where a register is used, its row of the table becomes a field.
#[kernel_fn]
pub fn settings_of(words: Words) -> Settings {
    let tcp = TcpSettings {
        initial_rto: word_at(words, offset::TCP_INITIAL_RTO),
        minimum_rto: word_at(words, offset::TCP_MINIMUM_RTO),
        maximum_rto: word_at(words, offset::TCP_MAXIMUM_RTO),
        delayed_ack: word_at(words, offset::TCP_DELAYED_ACK),
        time_wait: word_at(words, offset::TCP_TIME_WAIT),
        retry_limit: resize::<8, 32>(word_at(words, offset::TCP_RETRY_LIMIT)),
        mss: resize::<16, 32>(word_at(words, offset::TCP_MSS)),
        notify_delay: word_at(words, offset::NOTIFY_DELAY),
        notify_on_push: word_at(words, offset::NOTIFY_FLAGS).get_bit(0),
    };
    Settings {
        enable: (word_at(words, offset::CONTROL) & (control::ENABLE as u64)).any(),
        cycles_per_microsecond: resize::<16, 32>(word_at(words, offset::CYCLES_PER_MICROSECOND)),
        mac: resize::<48, 64>(pair_at(words, offset::MAC_LOW)),
        ip_address: word_at(words, offset::IP_ADDRESS),
        netmask: word_at(words, offset::NETMASK),
        gateway: word_at(words, offset::GATEWAY),
        hash_key: word_at(words, offset::HASH_KEY),
        input_base: pair_at(words, offset::INPUT_BASE_LOW),
        input_size: resize::<5, 32>(word_at(words, offset::INPUT_SIZE)),
        output_base: pair_at(words, offset::OUTPUT_BASE_LOW),
        output_size: resize::<5, 32>(word_at(words, offset::OUTPUT_SIZE)),
        status_line: pair_at(words, offset::STATUS_LINE_LOW),
        tcp: tcp,
    }
}
