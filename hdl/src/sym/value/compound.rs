//! Arrays and tuples: as symbolic as what they are made of.

use super::{join_fields, slice, Flat, Leaf, Lift, SymValue, Twin};
use rust_hdl::core::prelude::*;

impl<T: Lift, const N: usize> Lift for [T; N] {
    type Out = [T::Out; N];
    fn lift(self) -> Self::Out {
        self.map(Lift::lift)
    }
}

impl<T: Twin, const N: usize> Twin for [T; N] {
    type Sym = [T::Sym; N];
}

impl<T: Flat, const N: usize> Flat for [T; N] {
    const WIDTH: usize = N * T::WIDTH;
    fn pack(sym: Self::Sym) -> Leaf {
        join_fields(&sym.map(T::pack))
    }
    fn unpack(leaf: Leaf) -> Self::Sym {
        std::array::from_fn(|i| T::unpack(slice(leaf, i * T::WIDTH, T::WIDTH)))
    }
    fn push_flat(self, out: &mut Vec<bool>) {
        self.into_iter().for_each(|item| item.push_flat(out));
    }
    fn take_flat(bits: &mut &[bool]) -> Self {
        std::array::from_fn(|_| T::take_flat(bits))
    }
    fn flat_descriptor() -> TypeDescriptor {
        let field = |i: usize| Box::new(TypeField { fieldname: i.to_string(), kind: T::flat_descriptor() });
        TypeDescriptor { name: format!("array of {N}"), kind: TypeKind::Composite((0..N).map(field).collect()) }
    }
    fn flat_vcd(self) -> VCDValue {
        VCDValue::Composite(self.into_iter().map(|item| Box::new(item.flat_vcd())).collect())
    }
}

impl<S: SymValue, const N: usize> SymValue for [S; N] {
    fn map(self, name: &str, f: &mut dyn FnMut(&str, Leaf) -> Leaf) -> Self {
        std::array::from_fn(|i| self[i].map(&format!("{name}_{i}"), f))
    }
    fn zip(self, other: Self, f: &mut dyn FnMut(Leaf, Leaf)) {
        (0..N).for_each(|i| self[i].zip(other[i], f));
    }
    fn sym_default() -> Self {
        std::array::from_fn(|_| S::sym_default())
    }
    fn check_assignable() {
        S::check_assignable();
    }
}

impl Twin for () {
    type Sym = ();
}

impl SymValue for () {
    fn map(self, _: &str, _: &mut dyn FnMut(&str, Leaf) -> Leaf) -> Self {}
    fn zip(self, _: Self, _: &mut dyn FnMut(Leaf, Leaf)) {}
    fn sym_default() -> Self {}
}

macro_rules! tuple {
    ($($s: ident $i: tt),*) => {
        impl<$($s: Twin),*> Twin for ($($s,)*) {
            type Sym = ($($s::Sym,)*);
        }
        impl<$($s: SymValue),*> SymValue for ($($s,)*) {
            fn map(self, name: &str, f: &mut dyn FnMut(&str, Leaf) -> Leaf) -> Self {
                ($(self.$i.map(&format!("{name}_{}", $i), f),)*)
            }
            fn zip(self, other: Self, f: &mut dyn FnMut(Leaf, Leaf)) {
                $(self.$i.zip(other.$i, f);)*
            }
            fn sym_default() -> Self {
                ($($s::sym_default(),)*)
            }
        }
    };
}
tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
