//! Procedural macros of stevedore-hdl. Documentation and examples: that crate's `prelude`.

mod connect;
mod encoding;
mod expand;
mod function;
mod pattern;
mod record;
mod shadow;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{parse_macro_input, DeriveInput, Error, ImplItemFn, ItemFn, Result};

/// Translates `fn update(&mut self)` of `impl Logic for X`: keeps it for simulation and adds `connect` and `hdl`.
#[proc_macro_attribute]
pub fn kernel(_: TokenStream, item: TokenStream) -> TokenStream {
    let method = parse_macro_input!(item as ImplItemFn);
    finish(kernel_of(method))
}

/// A function callable from kernels: kept as it is, with a symbolic twin that is inlined at each call.
#[proc_macro_attribute]
pub fn kernel_fn(_: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    finish(function::function_of(function))
}

/// `Synth`, `Default` and the symbolic twin for an enum without fields, for use in signals and `match`.
#[proc_macro_derive(Encoding, attributes(default))]
pub fn encoding(item: TokenStream) -> TokenStream {
    let input = parse_macro_input!(item as DeriveInput);
    finish(encoding::encoding_of(&input))
}

/// `Synth` and the symbolic twin for a struct with named fields; it must also be `Clone, Copy, Debug, PartialEq,
/// Default`.
#[proc_macro_derive(Record)]
pub fn record(item: TokenStream) -> TokenStream {
    let input = parse_macro_input!(item as DeriveInput);
    finish(record::record_of(&input))
}

fn finish(result: Result<proc_macro2::TokenStream>) -> TokenStream {
    result.unwrap_or_else(|e| e.to_compile_error()).into()
}

fn kernel_of(mut method: ImplItemFn) -> Result<proc_macro2::TokenStream> {
    let sig = &method.sig;
    let receiver = match sig.inputs.first() {
        Some(syn::FnArg::Receiver(r)) if r.reference.is_some() && r.mutability.is_some() => Some(r.self_token),
        _ => None,
    };
    // The token itself, not a new `self`: inside macro_rules they would be different names.
    let (Some(this), true, 1) = (receiver, sig.ident == "update", sig.inputs.len()) else {
        return Err(Error::new(sig.span(), "#[kernel] goes on `fn update(&mut self)` of `impl Logic`"));
    };
    expand::expand(&mut method.block)?;
    let connect = connect::connect_of(&method.block)?;
    let body = shadow::Shadow::new(true).body(&method.block)?;
    Ok(quote! {
        #[allow(unused_parens, unused_assignments, unreachable_patterns, clippy::assign_op_pattern)]
        #method

        #[allow(unused_variables, unused_parens, clippy::all)]
        fn connect(&mut #this) {
            #connect
        }

        #[allow(unused_variables, unused_mut, unused_assignments, unused_parens)]
        #[allow(unused_braces, unused_imports, clippy::all)]
        fn hdl(&#this) -> ::stevedore_hdl::sym::Verilog {
            use ::stevedore_hdl::sym::{self as __s, Twin as _};
            __s::kernel(#this, ::core::any::type_name::<Self>(), || { #body })
        }
    })
}
