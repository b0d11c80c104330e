/** WeChat's bridge, which its browser gives to every page: opens the payment with parameters that the server signed. */
interface WeixinBridge {
  invoke(name: string, parameters: Record<string, string>, answered: (answer: { err_msg: string }) => void): void;
}

declare global {
  interface Window {
    WeixinJSBridge?: WeixinBridge;
  }
}

/** What WeChat says. `ok` proves nothing: the server asks whether money came. */
export type BridgeAnswer = "ok" | "cancel" | "fail";

export function payInWeChat(parameters: Record<string, string>): Promise<BridgeAnswer> {
  return new Promise((resolve) => {
    const invoke = (): void => {
      window.WeixinJSBridge?.invoke("getBrandWCPayRequest", parameters, ({ err_msg }) => {
        const word = err_msg.split(":")[1] ?? "";
        resolve(word === "ok" || word === "cancel" ? word : "fail");
      });
    };
    if (window.WeixinJSBridge) invoke();
    else document.addEventListener("WeixinJSBridgeReady", invoke, { once: true });
  });
}
