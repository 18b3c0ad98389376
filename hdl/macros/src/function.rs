//! `#[kernel_fn]`: the twin lives in a type of the same name, so that one `use` imports both.

use crate::expand::expand;
use crate::pattern::bindings;
use crate::shadow::Shadow;
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, FnArg, ItemFn, Result, ReturnType, Type};

/// Expands a kernel function.
pub(crate) fn function_of(mut function: ItemFn) -> Result<TokenStream> {
    expand(&mut function.block)?;
    let sig = &function.sig;
    if let Some(modifier) =
        [sig.asyncness.map(|t| t.span()), sig.unsafety.map(|t| t.span())].into_iter().flatten().next()
    {
        return Err(Error::new(modifier, "a kernel function is a plain `fn`"));
    }
    let mut shadow = Shadow::new(false);
    let (mut args, mut setup) = (vec![], vec![]);
    for arg in &sig.inputs {
        let typed = match arg {
            FnArg::Receiver(r) => {
                return Err(Error::new(r.span(), "methods are not translated: take the value as an ordinary argument"))
            }
            FnArg::Typed(typed) => typed,
        };
        no_references(&typed.ty)?;
        let mut bound = vec![];
        let pattern = bindings(&typed.pat, &mut bound)?;
        let ty = &typed.ty;
        args.push(quote_spanned!(typed.span()=> #pattern: <#ty as __Twin>::Sym));
        for binding in &bound {
            let (name, text) = (&binding.name, binding.name.to_string());
            shadow.add_local(name);
            setup.push(match binding.mutable {
                true => quote!(let mut #name = __s::declare(#text, #name);),
                false => quote!(let #name = __s::bind(#text, #name);),
            });
        }
    }
    let name = &sig.ident;
    let (result, body) = match &sig.output {
        ReturnType::Default => (quote!(), shadow.body(&function.block)?),
        ReturnType::Type(_, ty) => {
            no_references(ty)?;
            let body = shadow.value_body(&function.block, &name.to_string())?;
            (quote_spanned!(ty.span()=> -> <#ty as __Twin>::Sym), body)
        }
    };
    let where_clause = &sig.generics.where_clause;
    let generic_params = &sig.generics;
    let vis = &function.vis;
    Ok(quote! {
        #[allow(unused_parens, unused_assignments, unreachable_patterns, clippy::assign_op_pattern)]
        #function

        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #vis struct #name {}

        #[allow(unused_variables, unused_mut, unused_assignments, unused_parens)]
        #[allow(unused_braces, unused_imports, dead_code, clippy::all)]
        const _: () = {
            use ::stevedore_hdl::sym::{self as __s, Twin as __Twin};
            impl #name {
                #[doc(hidden)]
                pub fn sym #generic_params (#(#args),*) #result #where_clause {
                    #(#setup)*
                    #body
                }
            }
        };
    })
}

fn no_references(ty: &Type) -> Result<()> {
    match ty {
        Type::Reference(r) => Err(Error::new(r.span(), "take and return values: Bits and records are Copy")),
        Type::ImplTrait(t) => Err(Error::new(t.span(), "name the type: `fn f<T: Symbolic>(x: T)`")),
        _ => Ok(()),
    }
}
