//! `#[derive(Encoding)]`: enums without fields, coded 0, 1, 2 ... in order.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Result};

/// Expands the derive.
pub(crate) fn encoding_of(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new(input.span(), "Encoding is for enums: use Record for structs"));
    };
    if data.variants.is_empty() {
        return Err(Error::new(input.span(), "an enum without variants has no values"));
    }
    let mut default = None;
    for v in &data.variants {
        if !v.fields.is_empty() {
            return Err(Error::new(v.span(), "variants cannot have fields: put them beside the enum in a Record"));
        }
        if let Some((_, value)) = &v.discriminant {
            return Err(Error::new(value.span(), "variants are coded in order: codes cannot be chosen"));
        }
        if v.attrs.iter().any(|a| a.path().is_ident("default")) {
            default = Some(&v.ident);
        }
    }
    let name = &input.ident;
    let text = name.to_string();
    let variants: Vec<_> = data.variants.iter().map(|v| &v.ident).collect();
    let texts: Vec<String> = variants.iter().map(|v| v.to_string()).collect();
    let paths: Vec<String> = variants.iter().map(|v| format!("{text}::{v}")).collect();
    let codes: Vec<usize> = (0..variants.len()).collect();
    let (count, first) = (variants.len(), default.unwrap_or(variants[0]));
    let mut bits = 1usize;
    while (1usize << bits) < count {
        bits += 1;
    }
    Ok(quote! {
        #[automatically_derived]
        impl ::core::default::Default for #name {
            fn default() -> Self {
                #name::#first
            }
        }
        const _: () = {
            use ::stevedore_hdl::sym as __s;
            #[automatically_derived]
            impl __s::Synth for #name {
                const BITS: usize = #bits;
                fn descriptor() -> __s::TypeDescriptor {
                    __s::TypeDescriptor {
                        name: #text.to_string(),
                        kind: __s::TypeKind::Enum(::std::vec![#(#paths.to_string()),*]),
                    }
                }
                fn vcd(self) -> __s::VCDValue {
                    match self { #(#name::#variants => __s::VCDValue::String(#texts.to_string()),)* }
                }
                fn verilog(self) -> __s::VerilogLiteral {
                    __s::flat_literal(&<Self as __s::Flat>::to_flat(self))
                }
            }
            #[automatically_derived]
            impl __s::Twin for #name {
                type Sym = __s::Expr<#name>;
            }
            #[automatically_derived]
            impl __s::Flat for #name {
                const WIDTH: usize = #bits;
                fn flat_descriptor() -> __s::TypeDescriptor {
                    <Self as __s::Synth>::descriptor()
                }
                fn flat_vcd(self) -> __s::VCDValue {
                    __s::Synth::vcd(self)
                }
                fn pack(sym: Self::Sym) -> __s::Leaf {
                    __s::leaf(sym)
                }
                fn unpack(leaf: __s::Leaf) -> Self::Sym {
                    __s::typed(leaf)
                }
                fn constant(self) -> Self::Sym {
                    let (text, code) = match self { #(#name::#variants => (#texts, #codes),)* };
                    __s::typed(__s::variant(#text, text, code, #bits))
                }
                fn push_flat(self, out: &mut ::std::vec::Vec<bool>) {
                    let code: usize = match self { #(#name::#variants => #codes,)* };
                    out.extend((0..#bits).map(|i| (code >> i) & 1 == 1));
                }
                fn take_flat(bits: &mut &[bool]) -> Self {
                    let (mine, rest) = bits.split_at(#bits);
                    *bits = rest;
                    // Codes without a variant are unreachable in a design; the default stands in for them.
                    match mine.iter().rev().fold(0usize, |sum, b| sum * 2 + usize::from(*b)) {
                        #(#codes => #name::#variants,)*
                        _ => <#name as ::core::default::Default>::default(),
                    }
                }
            }
            #[automatically_derived]
            impl __s::Lift for #name {
                type Out = __s::Expr<#name>;
                fn lift(self) -> Self::Out {
                    __s::Flat::constant(self)
                }
            }
        };
    })
}
