//! `connect`: claims every signal a kernel assigns, on every path. Loops, and conditions that are known at elaboration,
//! are kept, because an index that a condition rules out must not be used.

use crate::shadow::local_target;
use proc_macro2::TokenStream;
use quote::quote;
use std::collections::HashSet;
use syn::{Block, Expr, Lit, Member, Pat, Result, Stmt};

/// The body of `connect`.
pub(crate) fn connect_of(block: &Block) -> Result<TokenStream> {
    let mut walker = Connect { symbolic: HashSet::new() };
    Ok(walker.block(block))
}

struct Connect {
    /// Locals whose value is not known at elaboration.
    symbolic: HashSet<String>,
}

impl Connect {
    fn block(&mut self, block: &Block) -> TokenStream {
        let outer = self.symbolic.clone();
        let stmts: Vec<TokenStream> = block.stmts.iter().map(|s| self.stmt(s)).collect();
        self.symbolic = outer;
        quote!(#(#stmts)*)
    }

    fn stmt(&mut self, stmt: &Stmt) -> TokenStream {
        match stmt {
            Stmt::Local(local) => {
                let Some(init) = &local.init else { return TokenStream::new() };
                let inner = self.expr(&init.expr);
                let mut pat = &local.pat;
                if let Pat::Type(t) = pat {
                    pat = &t.pat;
                }
                if let (Pat::Ident(p), true) = (pat, self.is_native(&init.expr)) {
                    // A `let mut` number may change in loops; only fixed ones are followed.
                    if p.mutability.is_none() {
                        self.symbolic.remove(&p.ident.to_string());
                        return quote!(#inner #local);
                    }
                }
                names(pat, &mut |n| {
                    self.symbolic.insert(n);
                });
                inner
            }
            Stmt::Expr(e, _) => self.expr(e),
            Stmt::Item(item) => quote!(#item),
            Stmt::Macro(_) => TokenStream::new(),
        }
    }

    fn expr(&mut self, expr: &Expr) -> TokenStream {
        match expr {
            Expr::Assign(a) => {
                let value = self.expr(&a.right);
                match &*a.left {
                    Expr::Field(f)
                        if matches!(&f.member, Member::Named(n) if n == "next") && local_target(&a.left).is_none() =>
                    {
                        let signal = &f.base;
                        quote!(#value ::stevedore_hdl::sym::claim(&mut #signal);)
                    }
                    _ => value,
                }
            }
            Expr::If(i) => {
                let then = self.block(&i.then_branch);
                let otherwise = i.else_branch.as_ref().map(|(_, e)| self.expr(e)).unwrap_or_default();
                if self.is_native(&i.cond) {
                    let condition = &i.cond;
                    quote!(if #condition { #then } else { #otherwise })
                } else {
                    quote!(#then #otherwise)
                }
            }
            Expr::Match(m) => {
                let bodies: Vec<TokenStream> = m.arms.iter().map(|a| self.expr(&a.body)).collect();
                if self.is_native(&m.expr) {
                    let (value, pats) = (&m.expr, m.arms.iter().map(|a| &a.pat));
                    quote!(match #value { #(#pats => { #bodies })* })
                } else {
                    quote!(#(#bodies)*)
                }
            }
            Expr::ForLoop(f) => {
                let outer = self.symbolic.clone();
                names(&f.pat, &mut |n| {
                    self.symbolic.remove(&n);
                });
                let body = self.block(&f.body);
                self.symbolic = outer;
                let (pat, range) = (&f.pat, &f.expr);
                quote!(for #pat in #range { #body })
            }
            Expr::Block(b) => {
                let body = self.block(&b.block);
                quote!({ #body })
            }
            Expr::Paren(p) => self.expr(&p.expr),
            _ => TokenStream::new(),
        }
    }

    /// Whether an expression is built from numbers known at elaboration only.
    fn is_native(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Lit(l) => matches!(l.lit, Lit::Int(_) | Lit::Bool(_)),
            Expr::Path(p) => match p.path.get_ident() {
                Some(name) => !self.symbolic.contains(&name.to_string()) && name != "self",
                None => true,
            },
            Expr::Binary(b) => self.is_native(&b.left) && self.is_native(&b.right),
            Expr::Unary(u) => self.is_native(&u.expr),
            Expr::Paren(p) => self.is_native(&p.expr),
            Expr::Group(g) => self.is_native(&g.expr),
            Expr::Cast(c) => self.is_native(&c.expr),
            Expr::Index(i) => self.is_native(&i.expr) && self.is_native(&i.index),
            Expr::MethodCall(m) => self.is_native(&m.receiver) && m.args.iter().all(|a| self.is_native(a)),
            Expr::Call(c) => {
                matches!(&*c.func, Expr::Path(p) if p.path.segments.last().is_some_and(|s| s.ident == "clog2"))
                    && c.args.iter().all(|a| self.is_native(a))
            }
            Expr::Field(f) => match (&*f.base, &f.member) {
                (Expr::Path(p), Member::Named(n)) => p.path.is_ident("self") && n.to_string().starts_with('_'),
                _ => false,
            },
            _ => false,
        }
    }
}

fn names(pat: &Pat, f: &mut dyn FnMut(String)) {
    match pat {
        Pat::Ident(p) => f(p.ident.to_string()),
        Pat::Type(t) => names(&t.pat, f),
        Pat::Tuple(t) => t.elems.iter().for_each(|p| names(p, f)),
        _ => {}
    }
}
