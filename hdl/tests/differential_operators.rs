//! Every operator and method at every interesting width, combinational, with the expressions that stock rust-hdl
//! translates wrongly: rust-hdl's simulator, Verilator and yosys must agree.

#![allow(clippy::precedence, clippy::nonminimal_bool)] // The operands are chosen for just that.

mod differential;

use differential::*;
use stevedore_hdl::prelude::*;

/// Constants named in kernels.
const SHIFT: u64 = 3;

#[kernel_fn]
fn minimum<const N: usize>(a: Bits<N>, b: Bits<N>) -> Bits<N> {
    if a < b {
        a
    } else {
        b
    }
}

#[kernel_fn]
fn add_carry<const N: usize, const W: usize>(a: Bits<N>, b: Bits<N>, carry: bool) -> (Bits<N>, bool) {
    let sum = resize::<W, N>(a) + resize::<W, N>(b) + carry;
    (resize::<N, W>(sum), sum.get_bit(N))
}

macro_rules! operators {
    (($a: ident $b: ident $c: ident $s: ident $t: ident $n: ident $i: ident $j: ident)
     $( $name: ident: $ty: ty = { $($body: tt)* } )*) => {
        /// N: operand width; W: wider; H: narrower; I: index width with 2^I <= N (or 1); C: 2 N; L: literal that fits.
        #[derive(LogicBlock, Default)]
        struct Operators<
            const N: usize, const W: usize, const H: usize, const I: usize, const C: usize, const L: u64,
        > {
            a: Signal<In, Bits<N>>,
            b: Signal<In, Bits<N>>,
            c: Signal<In, Bits<H>>,
            s: Signal<In, bool>,
            t: Signal<In, bool>,
            n: Signal<In, Bits<10>>,
            i: Signal<In, Bits<I>>,
            $($name: Signal<Out, $ty>,)*
        }

        impl<const N: usize, const W: usize, const H: usize, const I: usize, const C: usize, const L: u64> Logic
            for Operators<N, W, H, I, C, L>
        {
            #[kernel]
            fn update(&mut self) {
                let ($a, $b, $c) = (self.a.val(), self.b.val(), self.c.val());
                let ($s, $t, $n) = (self.s.val(), self.t.val(), self.n.val());
                let $i = self.i.val().index();
                let $j = self.n.val().index();
                $( self.$name.next = { $($body)* }; )*
            }
        }

        impl<const N: usize, const W: usize, const H: usize, const I: usize, const C: usize, const L: u64> Subject
            for Operators<N, W, H, I, C, L>
        {
            fn drive(&mut self, random: &mut Random) -> Vec<(&'static str, Vec<bool>)> {
                self.a.next = random.value();
                self.b.next = if random.below(4) == 0 { self.a.next + random.next() % 2 } else { random.value() };
                self.c.next = random.value();
                self.s.next = random.value();
                self.t.next = random.value();
                self.n.next = if random.below(2) == 0 { random.value() } else { (random.below(N + 2) as u64).into() };
                // A position past the end is a panic in Rust; `bit_at` and `bits_at` are for those.
                self.i.next = if N == 1 { 0.into() } else { random.value() };
                vec![
                    ("a", self.a.next.to_flat()), ("b", self.b.next.to_flat()), ("c", self.c.next.to_flat()),
                    ("s", self.s.next.to_flat()), ("t", self.t.next.to_flat()), ("n", self.n.next.to_flat()),
                    ("i", self.i.next.to_flat()),
                ]
            }
            fn outputs(&self) -> Vec<(&'static str, Vec<bool>)> {
                vec![$((stringify!($name), self.$name.val().to_flat())),*]
            }
        }
    };
}

operators! {
    (a b c s t n i j)
    add_op: Bits<N> = { a + b }
    sub_op: Bits<N> = { a - b }
    and_op: Bits<N> = { a & b }
    or_op: Bits<N> = { a | b }
    xor_op: Bits<N> = { a ^ b }
    not_op: Bits<N> = { !a }
    mixed: Bits<N> = { a + b & !a | b ^ a - 1 }
    add_lit: Bits<N> = { a + 1 }
    sub_lit: Bits<N> = { a - L }
    lit_add: Bits<N> = { 1 + a }
    lit_sub: Bits<N> = { L - a }
    and_lit: Bits<N> = { a & L }
    lit_or: Bits<N> = { L | a }
    xor_lit: Bits<N> = { a ^ L }
    add_bool: Bits<N> = { a + s }
    add_not_bool: Bits<N> = { a + !s }
    add_not_eq: Bits<N> = { a + !(a == b) }
    add_and: Bits<N> = { a + (s && t) }
    shl_one: Bits<N> = { a << 1 }
    shr_one: Bits<N> = { a >> 1 }
    shl_const: Bits<N> = { (a + b) << SHIFT }
    shr_const: Bits<N> = { (a - b) >> SHIFT }
    shl_out: Bits<N> = { a << N as u64 }
    shr_out: Bits<N> = { a >> N as u64 }
    shl_dyn: Bits<N> = { a << n }
    shr_dyn: Bits<N> = { (a + b) >> n }
    shl_narrow: Bits<N> = { !a << self_narrow(n) }
    one_shl: Bits<64> = { 1 << n }
    eq_op: bool = { a == b }
    ne_op: bool = { a != b }
    lt_op: bool = { a < b }
    le_op: bool = { a <= b }
    gt_op: bool = { a > b }
    ge_op: bool = { a >= b }
    eq_lit: bool = { a == L }
    lit_eq: bool = { L == a }
    lt_lit: bool = { a < L }
    lit_le: bool = { L <= a }
    ge_lit: bool = { a - b >= L }
    and_eq: bool = { a & b == b }
    or_eq: bool = { a | b == a }
    xor_lt: bool = { a ^ b < a }
    wrap_eq: bool = { (a + 1) == b }
    wrap_lt: bool = { a - 1 < b }
    lit_wrap_lt: bool = { L - a < b }
    wrap_shr: Bits<N> = { (a + 1) >> n }
    wrap_shl_eq: bool = { (a << 1) == L }
    sum_lt: bool = { a + b < a }
    wide_add: Bits<W> = { bit_cast::<W, N>(a + b) }
    wide_sub: Bits<W> = { bit_cast::<W, N>(a - b) }
    wide_shl: Bits<W> = { bit_cast::<W, N>(a << 1) }
    wide_not: Bits<W> = { bit_cast::<W, N>(!a) }
    wide_inc: Bits<W> = { bit_cast::<W, N>(a + 1) + 1 }
    wide_bool: Bits<W> = { resize::<W, 1>(s.into()) }
    wide_not_bool: Bits<W> = { resize::<W, _>(from_bool(!s)) - 1 }
    wide_not_eq: Bits<W> = { resize::<W, _>(from_bool(!(a == b))) }
    narrow_lt: bool = { bit_cast::<H, N>(a - b) < c }
    narrow_all: bool = { bit_cast::<H, N>(a + b).all() }
    narrow_not: Bits<H> = { !bit_cast::<H, N>(a + b) }
    signed_wide: Bits<W> = { sign_extend::<W, N>(a - b) }
    signed_narrow: Bits<H> = { sign_extend::<H, N>(a) }
    any_op: bool = { a.any() }
    all_op: bool = { (a | b).all() }
    xor_red: bool = { (a ^ b).xor() }
    not_any: bool = { !(a & b).any() }
    any_and_all: bool = { a.any() & b.all() ^ a.xor() }
    any_eq: bool = { a.any() == b.any() }
    bit_low: bool = { a.get_bit(0) }
    bit_high: bool = { (a + b).get_bit(N - 1) }
    bit_dyn: bool = { (a - b).get_bit(i) }
    bit_total: bool = { bit_at(a, j) }
    bit_total_const: bool = { bit_at(a, N) || bit_at(a, 0) }
    slice_low: Bits<H> = { (a + b).get_bits::<H>(0) }
    slice_high: Bits<H> = { a.get_bits::<H>(N - H) }
    slice_past: Bits<H> = { (a ^ b).get_bits::<H>(N - 1) }
    slice_dyn: Bits<H> = { (a + b).get_bits::<H>(i) }
    slice_scaled: Bits<H> = { bits_at::<H, N>(a, i * 3 + 1) }
    slice_total: Bits<H> = { bits_at::<H, _>(a, j) }
    slice_wide: Bits<W> = { a.get_bits::<W>(0) }
    put_low: Bits<N> = { (a + b).replace_bit(0, !s) }
    put_high: Bits<N> = { a.replace_bit(N - 1, s) }
    put_dyn: Bits<N> = { (a - b).replace_bit(i, !(s && t)) }
    put_slice: Bits<N> = { set_bits(a + b, N - H, c + 1) }
    cat_op: Bits<C> = { cat(a + b, !b) }
    cat_shift: Bits<C> = { (bit_cast::<C, N>(a) << N as u64) | bit_cast::<C, N>(b) }
    mux_op: Bits<N> = { mux(s == t, a + b, a - b) }
    mux_lit: Bits<N> = { mux(s, a, bits::<N>(L)) + 1 }
    ones: Bits<10> = { ones_count::<10, N>(a ^ b) }
    bits_reversed: Bits<N> = { reverse_bits(a + b) }
    bytes_reversed: Bits<N> = { if N.is_multiple_of(8) { reverse_bytes(a - b) } else { a } }
    product: Bits<C> = { if N <= 33 { mul::<N, N, C>(a + 1, !b) } else { cat(a, b) } }
    repeated: Bits<N> = { repeat_bit::<N>(!s) & a }
    logic_and: bool = { s && t || !s && a == b }
    logic_bits: bool = { s & !t | s ^ t }
    bool_eq: bool = { (s == t) == (a < b) }
    bool_ne: bool = { s != !t }
    bool_cast: bool = { a.get_bits::<1>(0).into() }
    if_value: Bits<N> = { if s { a + 1 } else if t { b - 1 } else { 0.into() } }
    match_bool: Bits<N> = { match s ^ t { true => a, false => !b } }
    match_index: Bits<N> = { match i { 0 => a, 1 | 2 => b, _ => a ^ b } }
    index_order: bool = { i < 2 || i + 1 == 6 || j * 2 >= 40 }
    called: Bits<N> = { minimum(a + b, b) + minimum(a, b) }
    carries: Bits<W> = {
        let (sum, carry) = add_carry::<N, W>(a, b, s);
        let (other, both) = add_carry::<N, W>(sum, a, carry);
        resize::<W, N>(other ^ sum) + (both || carry)
    }
    folded: bool = {
        let mut parity = s;
        for k in 0..N {
            parity ^= a.get_bit(k) && (k < 3 || b.get_bit(N - 1 - k));
        }
        parity
    }
    shifted: Bits<N> = {
        let mut x = a;
        for k in 0..=4 {
            if n.get_bit(k) {
                x = (x << (1 << k)) ^ (x >> 1);
            } else if k == 2 {
                x += b;
            }
        }
        x
    }
}

/// The low three bits of a shift amount.
#[kernel_fn]
fn self_narrow(n: Bits<10>) -> Bits<3> {
    n.get_bits::<3>(0)
}

/// Declares one subject per width, and a test over all of them.
macro_rules! widths {
    ($test: ident, $netlist: expr, $rounds: literal;
     $($name: ident: $n: literal $w: literal $h: literal $i: literal $c: literal $l: literal;)*) => {
        $(type $name = Operators<$n, $w, $h, $i, $c, $l>;)*

        #[test]
        fn $test() {
            with_big_stack(|| {
                let modules = [$(module(&$name::default(), stringify!($name))),*];
                let mut models = Models::build(&modules, $netlist);
                $({
                    let mut bench = Bench::combinational($name::default());
                    let mut random = Random(SEED ^ $n);
                    for round in 0..$rounds {
                        let inputs = bench.uut.drive(&mut random);
                        bench.settle();
                        models.set(stringify!($name), &inputs);
                        models.advance(false);
                        models.compare(stringify!($name), round, &inputs, &bench.uut.outputs());
                    }
                })*
            });
        }
    };
}

widths! {
    operators_agree_with_gates, Netlist::Gates, 200;
    W1: 1 6 1 1 2 1;
    W3: 3 8 2 1 6 5;
    W8: 8 13 5 3 16 5;
    W17: 17 22 8 4 34 5;
    W33: 33 38 32 5 66 5;
}

widths! {
    operators_agree_with_words, Netlist::Words, 100;
    W2: 2 7 1 1 4 3;
    W7: 7 12 5 2 14 5;
    W15: 15 20 5 3 30 5;
    W16: 16 21 8 4 32 5;
    W31: 31 36 16 4 62 5;
    W32: 32 37 16 5 64 5;
    W63: 63 68 33 5 126 5;
    W64: 64 69 33 6 128 5;
    W65: 65 70 64 6 130 5;
    W127: 127 132 65 6 254 5;
    W128: 128 133 64 7 256 5;
    W256: 256 261 33 8 512 5;
    W511: 511 516 65 8 1022 5;
    W512: 512 517 64 9 1024 5;
}
