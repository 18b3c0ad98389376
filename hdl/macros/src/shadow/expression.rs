//! Expressions of the shadow body.

use super::{here, rooted_in_self, Shadow};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{BinOp, Error, Expr, ExprPath, Lit, Member, Result, UnOp};

/// Methods that symbolic values or elaboration-time numbers have.
const METHODS: &[&str] = &[
    "get_bit",
    "get_bits",
    "replace_bit",
    "any",
    "all",
    "xor",
    "index",
    "into",
    "min",
    "max",
    "pow",
    "len",
    "div_ceil",
    "ilog2",
    "is_power_of_two",
    "is_multiple_of",
];

/// Of these, the ones of numbers that give a bool: it must become a known condition.
const NUMBER_TESTS: &[&str] = &["is_power_of_two", "is_multiple_of"];

impl Shadow {
    /// `self.a.b[i].c` as a place and as the text of its path.
    pub(super) fn signal_path(&mut self, e: &Expr) -> Result<Option<(TokenStream, TokenStream)>> {
        let mut format = String::new();
        let mut indices = vec![];
        let Some(place) = self.path_parts(e, &mut format, &mut indices)? else { return Ok(None) };
        if format.is_empty() {
            return Ok(None);
        }
        let path = if indices.is_empty() { quote!(#format) } else { quote!(&::std::format!(#format, #(#indices),*)) };
        Ok(Some((place, path)))
    }

    fn path_parts(
        &mut self,
        e: &Expr,
        format: &mut String,
        indices: &mut Vec<TokenStream>,
    ) -> Result<Option<TokenStream>> {
        let span = e.span();
        match e {
            Expr::Path(p) if p.path.is_ident("self") && self.has_self => Ok(Some(quote_spanned!(span=> self))),
            Expr::Field(f) => {
                let Some(base) = self.path_parts(&f.base, format, indices)? else { return Ok(None) };
                let member = &f.member;
                if !format.is_empty() {
                    format.push('$');
                }
                match member {
                    Member::Named(n) => format.push_str(&n.to_string()),
                    Member::Unnamed(n) => format.push_str(&n.index.to_string()),
                }
                Ok(Some(quote_spanned!(span=> #base.#member)))
            }
            Expr::Index(i) => {
                let Some(base) = self.path_parts(&i.expr, format, indices)? else { return Ok(None) };
                let index = self.expr(&i.index)?;
                format.push_str("${}");
                indices.push(index.clone());
                Ok(Some(quote_spanned!(span=> #base[#index])))
            }
            Expr::Paren(p) => self.path_parts(&p.expr, format, indices),
            _ => Ok(None),
        }
    }

    fn exprs<'a>(&mut self, list: impl IntoIterator<Item = &'a Expr>) -> Result<Vec<TokenStream>> {
        list.into_iter().map(|e| self.value(e, "value")).collect()
    }

    pub(super) fn expr(&mut self, e: &Expr) -> Result<TokenStream> {
        let span = e.span();
        match e {
            Expr::Lit(l) => match &l.lit {
                Lit::Int(_) => Ok(quote!(#l)),
                Lit::Bool(_) => Ok(quote_spanned!(span=> __s::lit(#l))),
                _ => Err(Error::new(span, "only integer and bool literals can be used in a kernel")),
            },
            Expr::Path(p) => self.path(p),
            Expr::Paren(p) => {
                let inner = self.value(&p.expr, "value")?;
                Ok(quote_spanned!(span=> (#inner)))
            }
            Expr::Group(g) => self.expr(&g.expr),
            Expr::Unary(u) => match u.op {
                UnOp::Not(_) => {
                    let inner = self.expr(&u.expr)?;
                    Ok(quote_spanned!(span=> (!#inner)))
                }
                UnOp::Neg(_) => Err(Error::new(span, "write `0 - x`: Bits are unsigned")),
                _ => Err(Error::new(span, "references are not translated: Bits and records are Copy, pass values")),
            },
            Expr::Binary(b) => self.binary(b),
            Expr::MethodCall(m) => self.method(m),
            Expr::Call(c) => self.call(c),
            Expr::Field(f) => {
                if rooted_in_self(e) && self.has_self {
                    if let Some((place, _)) = self.signal_path(e)? {
                        return Ok(quote_spanned!(span=> __s::lift(#place)));
                    }
                }
                let (base, member) = (self.value(&f.base, "value")?, &f.member);
                Ok(quote_spanned!(span=> #base.#member))
            }
            Expr::Index(i) => {
                let (base, index) = (self.expr(&i.expr)?, self.expr(&i.index)?);
                Ok(quote_spanned!(span=> #base[#index]))
            }
            Expr::Tuple(t) => {
                let parts = self.exprs(&t.elems)?;
                Ok(quote_spanned!(span=> (#(#parts,)*)))
            }
            Expr::Array(a) => {
                let parts = self.exprs(&a.elems)?;
                Ok(quote_spanned!(span=> [#(#parts),*]))
            }
            Expr::Repeat(r) => {
                let (part, len) = (self.value(&r.expr, "value")?, &r.len);
                Ok(quote_spanned!(span=> [#part; #len]))
            }
            Expr::Struct(s) => {
                let (path, span) = (&s.path, here(span));
                let mut out = match &s.rest {
                    Some(rest) => {
                        let rest = self.value(rest, "value")?;
                        quote_spanned!(span=> let mut __record = #rest;)
                    }
                    None => quote_spanned!(span=> let mut __record = #path::twin_default();),
                };
                for field in &s.fields {
                    let (member, value) = (&field.member, self.value(&field.expr, "value")?);
                    out.extend(quote_spanned!(here(field.span())=> __record.#member = #value;));
                }
                Ok(quote_spanned!(span=> { #out __record }))
            }
            Expr::Cast(c) => {
                let (inner, ty) = (self.expr(&c.expr)?, &c.ty);
                let is_number = matches!(&**ty, syn::Type::Path(p) if p.path.get_ident().is_some_and(|i| {
                    ["usize", "u64", "u32", "u16", "u8", "i32"].contains(&i.to_string().as_str())
                }));
                if !is_number {
                    return Err(Error::new(
                        span,
                        "`as` is for elaboration-time integers: use bit_cast, resize or from_bool",
                    ));
                }
                Ok(quote_spanned!(span=> (#inner as #ty)))
            }
            Expr::If(_) | Expr::Match(_) | Expr::Block(_) => {
                let inner = self.value(e, "value")?;
                Ok(quote_spanned!(span=> (#inner)))
            }
            Expr::Closure(_) => Err(Error::new(span, "closures are not translated: write a #[kernel_fn]")),
            Expr::Reference(_) => {
                Err(Error::new(span, "references are not translated: Bits and records are Copy, pass values"))
            }
            Expr::Return(_) => {
                Err(Error::new(span, "`return` is not translated: make the value the tail of `if`/`else`"))
            }
            Expr::Try(_) => Err(Error::new(span, "`?` is not translated: carry a bool and use `if`")),
            Expr::Macro(_) => Err(Error::new(span, "macros are statements of their own in a kernel")),
            Expr::Range(_) => Err(Error::new(span, "ranges can only be looped over: slice with get_bits")),
            Expr::Unsafe(_) | Expr::Async(_) | Expr::Await(_) => Err(Error::new(span, "not translated in a kernel")),
            Expr::While(_)
            | Expr::Loop(_)
            | Expr::ForLoop(_)
            | Expr::Assign(_)
            | Expr::Break(_)
            | Expr::Continue(_) => self.statement(e),
            _ => Err(Error::new(span, "this expression is not translated")),
        }
    }

    fn path(&mut self, p: &ExprPath) -> Result<TokenStream> {
        let span = p.span();
        if let Some(name) = p.path.get_ident() {
            if self.locals.contains(&name.to_string()) {
                return Ok(quote!(#name));
            }
            if name == "self" {
                return Err(Error::new(span, "`self` can only be used as `self.signal.val()` or `self.signal.next`"));
            }
        }
        Ok(quote_spanned!(span=> __s::lift(#p)))
    }

    fn binary(&mut self, b: &syn::ExprBinary) -> Result<TokenStream> {
        let span = b.span();
        let (left, right) = (self.value(&b.left, "value")?, self.value(&b.right, "value")?);
        let call = |name: &str| syn::Ident::new(name, span);
        let name = match b.op {
            BinOp::Eq(_) => call("eq"),
            BinOp::Ne(_) => call("ne"),
            BinOp::Lt(_) => call("lt"),
            BinOp::Le(_) => call("le"),
            BinOp::Gt(_) => call("gt"),
            BinOp::Ge(_) => call("ge"),
            BinOp::And(_) => return Ok(quote_spanned!(span=> __s::and(#left, || #right))),
            BinOp::Or(_) => return Ok(quote_spanned!(span=> __s::or(#left, || #right))),
            op => return Ok(quote_spanned!(span=> (#left #op #right))),
        };
        Ok(quote_spanned!(span=> __s::#name(#left, #right)))
    }

    fn method(&mut self, m: &syn::ExprMethodCall) -> Result<TokenStream> {
        let span = m.span();
        let name = m.method.to_string();
        if name == "val" {
            return match self.signal_path(&m.receiver)? {
                Some((place, path)) => Ok(quote_spanned!(span=> __s::read(&#place, #path))),
                None => Err(Error::new(span, "`.val()` reads a signal of `self`: `self.signal.val()`")),
            };
        }
        if !METHODS.contains(&name.as_str()) {
            let help = match name.as_str() {
                "set_bit" | "set_bits" => "write `x = x.replace_bit(i, b)` or `x = set_bits(x, lo, field)`".to_string(),
                "unwrap" | "expect" | "clone" => "values in kernels are plain and Copy: leave it out".to_string(),
                _ => format!("`{name}` is not a method of kernel values: write a #[kernel_fn] and call `{name}(x)`"),
            };
            return Err(Error::new(m.method.span(), help));
        }
        let receiver = self.value(&m.receiver, "value")?;
        let (method, turbofish) = (&m.method, &m.turbofish);
        let args = self.exprs(&m.args)?;
        let call = quote_spanned!(span=> #receiver.#method #turbofish (#(#args),*));
        Ok(if NUMBER_TESTS.contains(&name.as_str()) { quote_spanned!(span=> __s::lift(#call)) } else { call })
    }

    fn call(&mut self, c: &syn::ExprCall) -> Result<TokenStream> {
        let span = c.span();
        let Expr::Path(p) = &*c.func else {
            return Err(Error::new(c.func.span(), "only functions called by name are translated"));
        };
        if p.qself.is_some() {
            return Err(Error::new(p.span(), "write `T::default()`"));
        }
        let mut path = p.path.clone();
        let Some(last) = path.segments.last().cloned() else {
            return Err(Error::new(span, "only functions called by name are translated"));
        };
        let count = path.segments.len();
        if last.ident == "default" && count >= 2 && c.args.is_empty() {
            if path.segments[count - 2].ident == "Default" {
                return Ok(quote_spanned!(span=> __s::SymValue::sym_default()));
            }
            if let Some(s) = path.segments.last_mut() {
                s.ident = syn::Ident::new("twin_default", s.ident.span());
            }
            return Ok(quote_spanned!(span=> #path()));
        }
        let capital = |i: &syn::Ident| i.to_string().starts_with(|c: char| c.is_ascii_uppercase());
        if capital(&last.ident) {
            return Err(Error::new(
                span,
                "enums with fields, Option and tuple structs are not translated: use a Record",
            ));
        }
        if count >= 2 && capital(&path.segments[count - 2].ident) {
            return Err(Error::new(span, "associated functions are not translated: write a free #[kernel_fn]"));
        }
        let generics = last.arguments.clone();
        if let Some(s) = path.segments.last_mut() {
            s.arguments = syn::PathArguments::None;
        }
        let args = self.exprs(&c.args)?;
        let generics = match generics {
            syn::PathArguments::AngleBracketed(mut g) => {
                g.colon2_token = Some(Default::default());
                quote!(#g)
            }
            _ => TokenStream::new(),
        };
        Ok(quote_spanned!(span=> #path::sym #generics (#(#args),*)))
    }
}
