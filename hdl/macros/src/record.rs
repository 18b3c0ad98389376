//! `#[derive(Record)]`: structs as one vector, first field in the least significant bits, and the struct of their
//! symbolic fields.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, Result};

/// Expands the derive.
pub(crate) fn record_of(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new(input.span(), "Record is for structs: use Encoding for enums"));
    };
    let Fields::Named(named) = &data.fields else {
        return Err(Error::new(data.fields.span(), "give the fields names"));
    };
    if named.named.is_empty() {
        return Err(Error::new(input.span(), "a record needs at least one field"));
    }
    let name = &input.ident;
    let text = name.to_string();
    let sym = format_ident!("{name}Sym");
    let vis = &input.vis;
    let fields: Vec<_> = named.named.iter().filter_map(|f| f.ident.as_ref()).collect();
    let field_texts: Vec<String> = fields.iter().map(|f| f.to_string()).collect();
    let types: Vec<_> = named.named.iter().map(|f| &f.ty).collect();
    let offsets: Vec<TokenStream> = (0..types.len())
        .map(|i| {
            let below = &types[..i];
            quote!(0 #(+ <#below as ::stevedore_hdl::sym::Flat>::WIDTH)*)
        })
        .collect();
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    let decl_generics = &input.generics;
    let doc = format!("`{text}` in kernels.");
    Ok(quote! {
        #[doc = #doc]
        #[doc(hidden)]
        #vis struct #sym #decl_generics #where_clause {
            #(
                #[doc = "Field of the same name."]
                pub #fields: <#types as ::stevedore_hdl::sym::Twin>::Sym,
            )*
        }
        const _: () = {
            use ::stevedore_hdl::sym as __s;
            #[automatically_derived]
            impl #impl_generics ::core::clone::Clone for #sym #ty_generics #where_clause {
                fn clone(&self) -> Self {
                    *self
                }
            }
            #[automatically_derived]
            impl #impl_generics ::core::marker::Copy for #sym #ty_generics #where_clause {}
            #[automatically_derived]
            impl #impl_generics __s::Synth for #name #ty_generics #where_clause {
                const BITS: usize = <Self as __s::Flat>::WIDTH;
                fn descriptor() -> __s::TypeDescriptor {
                    <Self as __s::Flat>::flat_descriptor()
                }
                fn vcd(self) -> __s::VCDValue {
                    __s::Flat::flat_vcd(self)
                }
                fn verilog(self) -> __s::VerilogLiteral {
                    __s::flat_literal(&<Self as __s::Flat>::to_flat(self))
                }
            }
            #[automatically_derived]
            impl #impl_generics __s::SymValue for #sym #ty_generics #where_clause {
                fn map(self, name: &str, f: &mut dyn FnMut(&str, __s::Leaf) -> __s::Leaf) -> Self {
                    #sym {
                        #(#fields: __s::SymValue::map(self.#fields, &::std::format!("{}_{}", name, #field_texts), f),)*
                    }
                }
                fn zip(self, other: Self, f: &mut dyn FnMut(__s::Leaf, __s::Leaf)) {
                    #(__s::SymValue::zip(self.#fields, other.#fields, f);)*
                }
                fn sym_default() -> Self {
                    <#name #ty_generics as __s::Flat>::constant(::core::default::Default::default())
                }
            }
            #[automatically_derived]
            impl #impl_generics __s::SymEq<#sym #ty_generics> for #sym #ty_generics #where_clause {
                fn sym_eq(self, rhs: Self) -> __s::Expr<bool> {
                    let left = <#name #ty_generics as __s::Flat>::pack(self);
                    let right = <#name #ty_generics as __s::Flat>::pack(rhs);
                    __s::equal(left, right)
                }
            }
            #[automatically_derived]
            impl #impl_generics __s::Twin for #name #ty_generics #where_clause {
                type Sym = #sym #ty_generics;
            }
            #[automatically_derived]
            impl #impl_generics __s::Flat for #name #ty_generics #where_clause {
                const WIDTH: usize = 0 #(+ <#types as __s::Flat>::WIDTH)*;
                fn flat_descriptor() -> __s::TypeDescriptor {
                    __s::TypeDescriptor {
                        name: #text.to_string(),
                        kind: __s::TypeKind::Composite(::std::vec![#(::std::boxed::Box::new(__s::TypeField {
                            fieldname: #field_texts.to_string(),
                            kind: <#types as __s::Flat>::flat_descriptor(),
                        })),*]),
                    }
                }
                fn flat_vcd(self) -> __s::VCDValue {
                    __s::VCDValue::Composite(
                        ::std::vec![#(::std::boxed::Box::new(__s::Flat::flat_vcd(self.#fields))),*]
                    )
                }
                fn pack(sym: Self::Sym) -> __s::Leaf {
                    __s::join_fields(&[#(<#types as __s::Flat>::pack(sym.#fields)),*])
                }
                fn unpack(leaf: __s::Leaf) -> Self::Sym {
                    #sym {
                        #(#fields: <#types as __s::Flat>::unpack(
                            __s::slice(leaf, #offsets, <#types as __s::Flat>::WIDTH)
                        ),)*
                    }
                }
                fn constant(self) -> Self::Sym {
                    #sym { #(#fields: __s::Flat::constant(self.#fields)),* }
                }
                fn push_flat(self, out: &mut ::std::vec::Vec<bool>) {
                    #(__s::Flat::push_flat(self.#fields, out);)*
                }
                fn take_flat(bits: &mut &[bool]) -> Self {
                    #name { #(#fields: <#types as __s::Flat>::take_flat(bits)),* }
                }
            }
            #[automatically_derived]
            impl #impl_generics __s::Lift for #name #ty_generics #where_clause {
                type Out = #sym #ty_generics;
                fn lift(self) -> Self::Out {
                    __s::Flat::constant(self)
                }
            }
        };
    })
}
