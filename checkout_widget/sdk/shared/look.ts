/** The button. Two rings around what has the focus: one of them is seen on any ground. */
export const BUTTON = `
:host{display:inline-block;min-width:15rem;font:600 16px/24px system-ui,sans-serif}
button{font:inherit;cursor:pointer;width:100%;min-height:48px;padding:8px 16px;border:1px solid #8a8f96;border-radius:8px;background:light-dark(#10161c,#fff);color:light-dark(#fff,#10161c)}
:focus-visible{outline:2px solid #fff;box-shadow:0 0 0 4px #0b6e6e}
[part]:before{content:"";display:inline-block;width:18px;height:18px;margin:0 10px -2px 0;background:light-dark(#5cc8c2,#0b6e6e);clip-path:polygon(0 58%,100% 0,62% 100%,46% 64%)}
:host([theme=dark]) [part]{color-scheme:light}
:host([theme=light]) [part]{color-scheme:dark}
:host([theme=outline]) [part]{background:0;border-color:currentColor;color:inherit}
:host([theme=outline]) [part]:before{background:light-dark(#0b6e6e,#5cc8c2)}
:host([size=small]) [part]{min-height:44px}
:host([size=large]) [part]{min-height:56px}
p{width:0;min-width:100%;margin:8px 0 0;font-weight:400}
p:empty{margin:0}
`;
