// Before the pages, so that what they say of themselves wins.
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/panels.css";
import "./styles/states.css";
import "./styles/notices.css";
import "./styles/shell.css";

import { QueryClientProvider } from "@tanstack/preact-query";
import { render } from "preact";
import { Router } from "wouter-preact";
import { queryClient } from "./api/polled.ts";
import { App } from "./app.tsx";
import { FaultLine } from "./components/fault-line.tsx";
import { rootPath } from "./root.ts";
import { applyTheme, readTheme } from "./theme.ts";
import { goOn } from "./view/way.ts";

applyTheme(readTheme());

const container = document.getElementById("app");
if (container !== null) {
  render(
    <QueryClientProvider client={queryClient}>
      <Router base={rootPath} aroundNav={goOn}>
        {/* For what is around the pages; they have one of their own. */}
        <FaultLine place="">
          <App />
        </FaultLine>
      </Router>
    </QueryClientProvider>,
    container,
  );
}
