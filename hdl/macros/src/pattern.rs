//! Patterns of `let` and `match`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Pat, Result};

/// A name bound by `let`.
pub(crate) struct Binding {
    pub(crate) name: syn::Ident,
    pub(crate) mutable: bool,
}

/// The names that a `let` pattern binds, and the pattern itself without `mut`.
pub(crate) fn bindings(pat: &Pat, out: &mut Vec<Binding>) -> Result<TokenStream> {
    match pat {
        Pat::Ident(p) => {
            if p.by_ref.is_some() || p.subpat.is_some() {
                return Err(Error::new(p.span(), "`ref` and `@` patterns are not translated: bind the value itself"));
            }
            out.push(Binding { name: p.ident.clone(), mutable: p.mutability.is_some() });
            let name = &p.ident;
            Ok(quote!(#name))
        }
        Pat::Wild(_) => Ok(quote!(_)),
        Pat::Paren(p) => bindings(&p.pat, out),
        Pat::Tuple(t) => {
            let parts = t.elems.iter().map(|p| bindings(p, out)).collect::<Result<Vec<_>>>()?;
            Ok(quote!((#(#parts,)*)))
        }
        _ => Err(Error::new(pat.span(), "only names and tuples of names can be bound: read the fields with `.field`")),
    }
}

/// A `match` pattern.
pub(crate) enum Arm {
    /// Values to compare with.
    Values(Vec<TokenStream>),
    /// `_`
    Rest,
}

/// Translates a `match` pattern.
pub(crate) fn arm(pat: &Pat) -> Result<Arm> {
    let span = pat.span();
    match pat {
        Pat::Wild(_) => Ok(Arm::Rest),
        Pat::Lit(l) => match &l.lit {
            syn::Lit::Int(_) | syn::Lit::Bool(_) => Ok(Arm::Values(vec![quote_spanned!(span=> #l)])),
            _ => Err(Error::new(span, "only integers, bools and enum variants can be matched")),
        },
        Pat::Path(p) => Ok(Arm::Values(vec![quote_spanned!(span=> #p)])),
        Pat::Ident(p) => {
            let is_constant = p.ident.to_string().chars().all(|c| !c.is_ascii_lowercase());
            if is_constant && p.subpat.is_none() && p.by_ref.is_none() {
                let name = &p.ident;
                return Ok(Arm::Values(vec![quote_spanned!(span=> #name)]));
            }
            Err(Error::new(
                span,
                "a `match` arm cannot bind a name: bind the value with `let` before the `match`, use `_` here",
            ))
        }
        Pat::Or(o) => {
            let mut values = vec![];
            for case in &o.cases {
                match arm(case)? {
                    Arm::Values(v) => values.extend(v),
                    Arm::Rest => return Ok(Arm::Rest),
                }
            }
            Ok(Arm::Values(values))
        }
        Pat::Paren(p) => arm(&p.pat),
        Pat::Range(_) => {
            Err(Error::new(span, "range patterns are not translated: list the values with `|` or use `if`"))
        }
        Pat::Tuple(_) => Err(Error::new(span, "tuple patterns are not translated: nest two `match`es or use `if`")),
        _ => Err(Error::new(span, "this pattern is not translated: use enum variants, integers, bools, `|` and `_`")),
    }
}
