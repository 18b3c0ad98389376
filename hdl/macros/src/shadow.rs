//! The shadow body: the kernel's own text with every value symbolic.
//!
//! Operators, casts between numbers, loops and array indexing keep their Rust syntax (the symbolic types implement the operator
//! traits); comparisons, branches, bindings and assignments become calls. Elaboration-time numbers go through the same text.

use crate::pattern::{arm, bindings, Arm, Binding};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use std::collections::HashSet;
use syn::spanned::Spanned;
use syn::{BinOp, Block, Error, Expr, ExprIf, ExprMatch, ExprPath, Lit, Local, Member, Pat, Result, Stmt, UnOp};

/// Methods that symbolic values or elaboration-time numbers have.
const METHODS: &[&str] = &[
    "get_bit", "get_bits", "replace_bit", "any", "all", "xor", "index", "into", "min", "max", "pow", "len", "div_ceil",
    "ilog2", "is_power_of_two",
];

/// The translator, with the names in scope.
pub(crate) struct Shadow {
    locals: HashSet<String>,
    has_self: bool,
}

/// Where a value goes.
#[derive(Clone, Copy)]
enum Want<'a> {
    Nothing,
    /// The name it will have.
    Value(&'a str),
}

impl Shadow {
    /// `has_self`: the body of a kernel, not of a function.
    pub(crate) fn new(has_self: bool) -> Self {
        Shadow { locals: HashSet::new(), has_self }
    }

    /// Brings a name into scope.
    pub(crate) fn add_local(&mut self, name: &syn::Ident) {
        self.locals.insert(name.to_string());
    }

    /// A body that gives no value.
    pub(crate) fn body(&mut self, block: &Block) -> Result<TokenStream> {
        self.block(block, Want::Nothing)
    }

    /// A body that gives a value.
    pub(crate) fn value_body(&mut self, block: &Block, name: &str) -> Result<TokenStream> {
        self.block(block, Want::Value(name))
    }

    fn block(&mut self, block: &Block, want: Want) -> Result<TokenStream> {
        let outer = self.locals.clone();
        let mut out = vec![];
        for (i, stmt) in block.stmts.iter().enumerate() {
            let last = i + 1 == block.stmts.len();
            out.push(match (stmt, want) {
                (Stmt::Expr(e, None), Want::Value(name)) if last => self.value(e, name)?,
                _ => self.stmt(stmt)?,
            });
        }
        self.locals = outer;
        Ok(quote!(#(#out)*))
    }

    fn stmt(&mut self, stmt: &Stmt) -> Result<TokenStream> {
        match stmt {
            Stmt::Local(local) => self.local(local),
            Stmt::Expr(e, _) => self.statement(e),
            Stmt::Item(item @ (syn::Item::Const(_) | syn::Item::Use(_))) => Ok(quote!(#item)),
            Stmt::Item(item) => Err(Error::new(item.span(), "items cannot be defined in a kernel: move it out")),
            Stmt::Macro(m) => Err(Error::new(m.span(), "this macro is not translated")),
        }
    }

    fn local(&mut self, local: &Local) -> Result<TokenStream> {
        let Some(init) = &local.init else {
            return Err(Error::new(local.span(), "give the variable a value here: `let mut x = ...;`"));
        };
        if let Some((_, diverge)) = &init.diverge {
            return Err(Error::new(diverge.span(), "`let ... else` is not translated: use `if` or `match`"));
        }
        let (pat, ty) = match &local.pat {
            Pat::Type(t) => (&*t.pat, Some(&t.ty)),
            other => (other, None),
        };
        let mut bound: Vec<Binding> = vec![];
        let pattern = bindings(pat, &mut bound)?;
        let ty = ty.map(|t| quote_spanned!(t.span()=> : <#t as __s::Twin>::Sym));
        let wish = bound.first().map(|b| b.name.to_string()).unwrap_or_else(|| "unused".to_string());
        let value = self.value(&init.expr, &wish)?;
        let mut out = quote_spanned!(local.span()=> let #pattern #ty = #value;);
        for Binding { name, mutable } in &bound {
            let text = name.to_string();
            self.locals.insert(text.clone());
            out.extend(match mutable {
                true => quote_spanned!(name.span()=> let mut #name = __s::declare(#text, #name);),
                false => quote_spanned!(name.span()=> let #name = __s::bind(#text, #name);),
            });
        }
        Ok(out)
    }

    /// An expression in statement position.
    fn statement(&mut self, e: &Expr) -> Result<TokenStream> {
        let span = e.span();
        match e {
            Expr::If(i) => self.if_expr(i, Want::Nothing),
            Expr::Match(m) => self.match_expr(m, Want::Nothing),
            Expr::Block(b) => {
                let body = self.block(&b.block, Want::Nothing)?;
                Ok(quote!({ #body }))
            }
            Expr::Paren(p) => self.statement(&p.expr),
            Expr::ForLoop(f) => {
                let Expr::Range(range) = &*f.expr else {
                    return Err(Error::new(f.expr.span(), "loop over a range of numbers: `for i in 0..N`"));
                };
                let (Some(from), Some(to)) = (&range.start, &range.end) else {
                    return Err(Error::new(range.span(), "give both ends of the range"));
                };
                let limits = range.limits;
                let (from, to) = (self.expr(from)?, self.expr(to)?);
                let outer = self.locals.clone();
                let pat = match &*f.pat {
                    Pat::Ident(p) if p.subpat.is_none() => {
                        self.locals.insert(p.ident.to_string());
                        &f.pat
                    }
                    Pat::Wild(_) => &f.pat,
                    other => return Err(Error::new(other.span(), "the loop variable must be a plain name")),
                };
                let body = self.block(&f.body, Want::Nothing)?;
                self.locals = outer;
                Ok(quote_spanned!(span=> for #pat in (#from) #limits (#to) { #body }))
            }
            Expr::Assign(a) => self.assign(a),
            Expr::Return(_) => Err(Error::new(span, "`return` is not translated: make the value the tail of `if`/`else`")),
            Expr::While(_) | Expr::Loop(_) => {
                Err(Error::new(span, "hardware has no open-ended loops: use `for i in 0..N`, or a state machine"))
            }
            Expr::Break(_) | Expr::Continue(_) => {
                Err(Error::new(span, "`break` and `continue` are not translated: guard the rest with `if`"))
            }
            _ => {
                let value = self.value(e, "unused")?;
                Ok(quote_spanned!(span=> let _ = #value;))
            }
        }
    }

    fn assign(&mut self, a: &syn::ExprAssign) -> Result<TokenStream> {
        let span = a.span();
        if let Expr::Field(f) = &*a.left {
            if matches!(&f.member, Member::Named(n) if n == "next") && local_target(&a.left).is_none() {
                let value = self.value(&a.right, "value")?;
                let Some((place, path)) = self.signal_path(&f.base)? else {
                    return Err(Error::new(a.left.span(), "expected `self.signal.next = value`"));
                };
                return Ok(quote_spanned!(span=> __s::assign(&#place, #path, #value);));
            }
        }
        if rooted_in_self(&a.left) {
            return Err(Error::new(a.left.span(), "signals are assigned whole: `self.signal.next = value`"));
        }
        let Some(name) = local_target(&a.left) else {
            return Err(Error::new(a.left.span(), "only `self.signal.next`, variables and their fields can be assigned"));
        };
        let value = self.value(&a.right, &name.to_string())?;
        let place = self.expr(&a.left)?;
        Ok(quote_spanned!(here(span)=> { let __value = #value; __s::store(&mut #place, __value); }))
    }

    /// An expression whose value goes to `name`.
    fn value(&mut self, e: &Expr, name: &str) -> Result<TokenStream> {
        match e {
            Expr::If(i) => self.if_expr(i, Want::Value(name)),
            Expr::Match(m) => self.match_expr(m, Want::Value(name)),
            Expr::Block(b) => {
                let body = self.block(&b.block, Want::Value(name))?;
                Ok(quote!({ #body }))
            }
            Expr::Paren(p) => self.value(&p.expr, name),
            _ => self.expr(e),
        }
    }

    fn if_expr(&mut self, i: &ExprIf, want: Want) -> Result<TokenStream> {
        if let Expr::Let(l) = &*i.cond {
            return Err(Error::new(l.span(), "`if let` is not translated: compare with `==` or use `match`"));
        }
        let want = if i.else_branch.is_none() { Want::Nothing } else { want };
        let condition = self.expr(&i.cond)?;
        let span = here(i.cond.span());
        let then = self.block(&i.then_branch, want)?;
        let otherwise = match (&i.else_branch, want) {
            (None, _) => TokenStream::new(),
            (Some((_, e)), Want::Nothing) => self.statement(e)?,
            (Some((_, e)), Want::Value(name)) => self.value(e, name)?,
        };
        let start = quote_spanned!(span=> let mut __if = __s::If::new(__s::condition(#condition)););
        Ok(match want {
            Want::Nothing => quote!({
                #start
                if __if.then() { #then }
                if __if.otherwise() { #otherwise }
                __if.end();
            }),
            Want::Value(name) => quote!({
                #start
                let mut __merge = __s::Merge::new(#name, __if.is_symbolic());
                if __if.then() { let __value = { #then }; __merge.set(__value); }
                if __if.otherwise() { let __value = { #otherwise }; __merge.set(__value); }
                __if.end();
                __merge.take()
            }),
        })
    }

    fn match_expr(&mut self, m: &ExprMatch, want: Want) -> Result<TokenStream> {
        let scrutinee = self.expr(&m.expr)?;
        let mut some = quote!(::core::option::Option::None);
        let mut arms = vec![];
        for (i, a) in m.arms.iter().enumerate() {
            if let Some((_, guard)) = &a.guard {
                return Err(Error::new(guard.span(), "match guards are not translated: put an `if` into the arm"));
            }
            let last = i + 1 == m.arms.len();
            let patterns = match arm(&a.pat)? {
                Arm::Values(values) => {
                    if i == 0 {
                        let first = &values[0];
                        some = quote!(::core::option::Option::Some(#first));
                    }
                    values
                }
                Arm::Rest if last => vec![],
                Arm::Rest => return Err(Error::new(a.pat.span(), "`_` must be the last arm")),
            };
            let body = match want {
                Want::Nothing => {
                    let body = self.statement(&a.body)?;
                    quote!({ #body })
                }
                Want::Value(name) => {
                    let body = self.value(&a.body, name)?;
                    quote!({ let __value = { #body }; __merge.set(__value); })
                }
            };
            let span = here(a.pat.span());
            let call = if last { quote!(last_arm) } else { quote!(arm) };
            arms.push(quote_spanned!(span=> if __match.#call(&[#(#patterns),*]) #body));
        }
        let span = here(m.expr.span());
        let start = quote_spanned!(span=> let mut __match = __s::Match::new(#scrutinee, #some););
        Ok(match want {
            Want::Nothing => quote!({ #start #(#arms)* __match.end(); }),
            Want::Value(name) => quote!({
                #start
                let mut __merge = __s::Merge::new(#name, __match.is_symbolic());
                #(#arms)*
                __match.end();
                __merge.take()
            }),
        })
    }

    /// `self.a.b[i].c` as a place and as the text of its path.
    fn signal_path(&mut self, e: &Expr) -> Result<Option<(TokenStream, TokenStream)>> {
        let mut format = String::new();
        let mut indices = vec![];
        let Some(place) = self.path_parts(e, &mut format, &mut indices)? else { return Ok(None) };
        if format.is_empty() {
            return Ok(None);
        }
        let path = if indices.is_empty() { quote!(#format) } else { quote!(&::std::format!(#format, #(#indices),*)) };
        Ok(Some((place, path)))
    }

    fn path_parts(&mut self, e: &Expr, format: &mut String, indices: &mut Vec<TokenStream>) -> Result<Option<TokenStream>> {
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

    fn expr(&mut self, e: &Expr) -> Result<TokenStream> {
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
                    return Err(Error::new(span, "`as` is for elaboration-time integers: use bit_cast, resize or from_bool"));
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
            Expr::Return(_) => Err(Error::new(span, "`return` is not translated: make the value the tail of `if`/`else`")),
            Expr::Try(_) => Err(Error::new(span, "`?` is not translated: carry a bool and use `if`")),
            Expr::Macro(_) => Err(Error::new(span, "macros are statements of their own in a kernel")),
            Expr::Range(_) => Err(Error::new(span, "ranges can only be looped over: slice with get_bits")),
            Expr::Unsafe(_) | Expr::Async(_) | Expr::Await(_) => Err(Error::new(span, "not translated in a kernel")),
            Expr::While(_) | Expr::Loop(_) | Expr::ForLoop(_) | Expr::Assign(_) | Expr::Break(_) | Expr::Continue(_) => {
                self.statement(e)
            }
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
        Ok(quote_spanned!(span=> #receiver.#method #turbofish (#(#args),*)))
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
            return Err(Error::new(span, "enums with fields, Option and tuple structs are not translated: use a Record"));
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

/// The variable at the root of a place such as `x`, `x.a.b` or `x[i].a`; `None` when the root is `self`.
pub(crate) fn local_target(e: &Expr) -> Option<syn::Ident> {
    match e {
        Expr::Path(p) => p.path.get_ident().filter(|i| *i != "self").cloned(),
        Expr::Field(f) => local_target(&f.base),
        Expr::Index(i) => local_target(&i.expr),
        Expr::Paren(p) => local_target(&p.expr),
        _ => None,
    }
}

fn rooted_in_self(e: &Expr) -> bool {
    match e {
        Expr::Path(p) => p.path.is_ident("self"),
        Expr::Field(f) => rooted_in_self(&f.base),
        Expr::Index(i) => rooted_in_self(&i.expr),
        Expr::Paren(p) => rooted_in_self(&p.expr),
        _ => false,
    }
}


/// The place of `span` with the name resolution of the macro, for names that the macro makes up.
fn here(span: Span) -> Span {
    span.resolved_at(Span::call_site())
}
