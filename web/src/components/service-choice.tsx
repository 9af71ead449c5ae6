import { type Service, services } from "../../../src/task/lifecycle.ts";
import { serviceLabels } from "../view/service-labels.ts";
import { Segment, Segments } from "./segments.tsx";

/** Which services are looked at: all of them, or some. */
export function ServiceChoice(props: {
  readonly chosen: readonly Service[];
  readonly onChoose: (chosen: readonly Service[]) => void;
}) {
  const { chosen, onChoose } = props;
  const isChosen = (service: Service) => chosen.includes(service);
  return (
    <Segments name="Service">
      <Segment isChosen={chosen.length === 0} onChoose={() => onChoose([])}>
        All
      </Segment>
      {services.map((service) => (
        <Segment
          key={service}
          isChosen={isChosen(service)}
          onChoose={(event) => {
            // With a key held down one service more, or one less; else that one alone.
            const adds = event.ctrlKey || event.metaKey || event.shiftKey;
            const others = chosen.filter((one) => one !== service);
            if (isChosen(service)) onChoose(adds ? others : []);
            else onChoose(adds ? [...others, service] : [service]);
          }}
        >
          {serviceLabels[service]}
        </Segment>
      ))}
    </Segments>
  );
}
