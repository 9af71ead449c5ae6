import { Component, type ComponentChildren } from "preact";
import { forgetAnswers } from "../api/http.ts";
import { queryClient } from "../api/polled.ts";
import { Failure } from "./notices.tsx";

/**
 * Where a page fails in the browser itself, what is around it stays: the reader is told, and can go on elsewhere. Another
 * place begins anew.
 */
export class FaultLine extends Component<
  { readonly place: string; readonly children: ComponentChildren },
  { readonly fault: Error | undefined; readonly place: string }
> {
  override state = { fault: undefined as Error | undefined, place: this.props.place };

  static override getDerivedStateFromError(fault: unknown) {
    return { fault: fault instanceof Error ? fault : new Error(String(fault)) };
  }

  static override getDerivedStateFromProps(
    props: { readonly place: string },
    state: { readonly place: string },
  ) {
    return props.place === state.place ? null : { fault: undefined, place: props.place };
  }

  // What could not be shown is not shown a second time: whoever tries again, or comes back, asks the server anew.
  override componentDidCatch() {
    forgetAnswers();
    queryClient.clear();
  }

  override render() {
    const { fault } = this.state;
    if (fault === undefined) return this.props.children;
    return <Failure error={fault} onRetry={() => this.setState({ fault: undefined })} isPage />;
  }
}
