//! The shadow body: the kernel's own text with every value symbolic.
//!
//! Operators, casts between numbers, loops and array indexing keep their Rust syntax (the symbolic types implement the
//! operator traits); comparisons, branches, bindings and assignments become calls. Elaboration-time numbers go through
//! the same text.

mod expression;

use crate::pattern::{arm, bindings, Arm, Binding};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use std::collections::HashSet;
use syn::spanned::Spanned;
use syn::{Block, Error, Expr, ExprIf, ExprMatch, Local, Member, Pat, Result, Stmt};

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
            Expr::Return(_) => {
                Err(Error::new(span, "`return` is not translated: make the value the tail of `if`/`else`"))
            }
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
            return Err(Error::new(
                a.left.span(),
                "only `self.signal.next`, variables and their fields can be assigned",
            ));
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
